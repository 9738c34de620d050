// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// The groups of a self-join by codes: ranges of blocks of the prepared corpus, each with the pairs of blocks that belong to it, so that
/// every pair of rows is looked at once in the whole job.
///
/// What a group has depends on the order in which the corpus has been coded. That of one corpus file is the same for all; groups that were
/// computed by another one have another ``order`` in their heads, and do not count.
struct BlockGroups {
    private let prepared: PreparedCorpus
    private let groupCount: Int
    /// The checksum of the rows in the order of their codes; never 0, which groups of rows have.
    let order: UInt64

    init(_ prepared: PreparedCorpus, groupCount: Int) {
        self.prepared = prepared
        self.groupCount = groupCount
        var bytes: [UInt8] = []
        for row in prepared.rows(ofBlocks: 0..<prepared.blockRing.count) {
            bytes.append(littleEndian: UInt32(truncatingIfNeeded: row))
        }
        order = max(Checksum64.of(bytes.span), 1)
    }

    /// About as many blocks as any other group has.
    private func blocks(ofGroup group: Int) -> Range<Int> {
        let count = prepared.blockRing.count
        func start(_ group: Int) -> Int { group.multiplied(by: count, over: groupCount) }
        return start(group)..<start(group + 1)
    }

    /// The pairs of a group, in the order of a result.
    func pairs(ofGroup group: Int, threshold: Float, options: RunOptions) throws -> [ScoredPair] {
        let blocks = blocks(ofGroup: group)
        if options.engine.mayUseCodes {
            return try prepared.selfJoin(threshold: threshold, ofBlocks: blocks, options: options).pairs
        }
        return try pairs(ofRows: prepared.rows(ofBlocks: blocks), threshold: threshold, options: options)
    }

    /// Some rows of a group, and those of its pairs that are theirs, by an engine without codes.
    func sample(
        ofGroup group: Int,
        threshold: Float,
        options: RunOptions
    ) throws -> (found: [ScoredPair], isOfSample: (ScoredPair) -> Bool) {
        let rows = prepared.rows(ofBlocks: blocks(ofGroup: group).prefix(1)).prefix(4)
        let locations = prepared.locations()
        return (
            try pairs(ofRows: Array(rows), threshold: threshold, options: options),
            { pair in rows.contains(owner(pair.a, pair.b, locations)) }
        )
    }

    /// The pairs of those rows that belong to them.
    private func pairs(ofRows rows: [Int], threshold: Float, options: RunOptions) throws -> [ScoredPair] {
        let locations = prepared.locations()
        let joined = try prepared.vectors.selecting(rows).join(
            prepared.vectors,
            threshold: threshold,
            metric: prepared.metric,
            options: options
        )
        var pairs: [ScoredPair] = []
        for pair in joined.pairs {
            let (own, other) = (rows[pair.a], pair.b)
            if own == other || owner(own, other, locations) != own { continue }
            pairs.append(ScoredPair(a: min(own, other), b: max(own, other), score: pair.score))
        }
        return pairs.sorted { ($0.a, $0.b) < ($1.a, $1.b) }
    }

    /// Which of two rows that have scores a pair belongs to: that of the owning block, within a block the one that comes first.
    private func owner(_ a: Int, _ b: Int, _ locations: [(block: Int, place: Int)?]) -> Int {
        guard let first = locations[a], let second = locations[b] else { return a }
        if first.block == second.block { return first.place < second.place ? a : b }
        return prepared.blockRing.owns(first.block, second.block) ? a : b
    }
}

extension Int {
    /// The quotient of a product that may be larger than a number.
    fileprivate func multiplied(by factor: Int, over divisor: Int) -> Int {
        divisor.dividingFullWidth(multipliedFullWidth(by: factor)).quotient
    }
}
