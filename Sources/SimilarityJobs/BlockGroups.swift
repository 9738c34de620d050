// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// The groups of a self-join or a self-search by codes. The blocks of the prepared corpus are cut into bands.
///
/// A group of a self-join is a band, with the pairs of blocks that belong to it, so that every pair of rows is looked at once in the whole job. A
/// group of a self-search is a band with itself, or two bands with each other: such a one begins with what both have found among
/// themselves, so that it finds the few neighbors alone that are better.
///
/// What a group has depends on the order in which the corpus has been coded. That of one corpus file is the same for all; groups that were
/// computed by another one have another ``order`` in their heads, and do not count.
struct BlockGroups {
    private let prepared: PreparedCorpus
    private let manifest: JobManifest
    /// The checksum of the rows in the order of their codes; never 0, which groups of rows have.
    let order: UInt64

    init(_ prepared: PreparedCorpus, _ manifest: JobManifest) {
        self.prepared = prepared
        self.manifest = manifest
        var bytes: [UInt8] = []
        for row in prepared.rows(ofBlocks: 0..<prepared.blockRing.count) {
            bytes.append(littleEndian: UInt32(truncatingIfNeeded: row))
        }
        order = max(Checksum64.of(bytes.span), 1)
    }

    /// About as many blocks as any other band has.
    private func blocks(ofBand band: Int) -> Range<Int> {
        let count = prepared.blockRing.count
        func start(_ band: Int) -> Int { band.multiplied(by: count, over: manifest.bandCount) }
        return start(band)..<start(band + 1)
    }

    /// What a group has, in the order of its rows.
    ///
    /// - Parameter known: Gives what a group has that this one needs.
    func pairs(
        ofGroup group: Int,
        known: (Int) throws -> [ScoredPair],
        options: RunOptions
    ) throws -> [ScoredPair] {
        let hasCodes = options.engine.mayUseCodes
        switch manifest.kind.choice {
        case .join(let threshold):
            let blocks = blocks(ofBand: group)
            if hasCodes {
                return try prepared.selfJoin(threshold: threshold, ofBlocks: blocks, options: options).pairs
            }
            return try pairs(ofRows: prepared.rows(ofBlocks: blocks), threshold: threshold, options: options)
        case .search(let k, _):
            let bands = manifest.bands(ofGroup: group)
            let isOne = bands.first == bands.second
            let (first, second) = (blocks(ofBand: bands.first), blocks(ofBand: bands.second))
            let found = try manifest.groupsNeeded(by: group).flatMap(known)
            if hasCodes {
                return try prepared.neighbors(
                    k: k,
                    ofBlocks: first,
                    and: isOne ? nil : second,
                    known: found,
                    options: options
                )
            }
            let (a, b) = (prepared.rows(ofBlocks: first), prepared.rows(ofBlocks: second))
            var pairs = try neighbors(of: a, among: b, k: k, known: found, options: options)
            if !isOne { pairs += try neighbors(of: b, among: a, k: k, known: found, options: options) }
            return pairs.sorted { ($0.a, $0.b) < ($1.a, $1.b) }
        }
    }

    /// What a group says of some of its rows, computed by an engine without codes, and whether a pair of the group is of those.
    func sample(
        ofGroup group: Int,
        known: (Int) throws -> [ScoredPair],
        options: RunOptions
    ) throws -> (found: [ScoredPair], isOfSample: (ScoredPair) -> Bool) {
        let bands = manifest.bands(ofGroup: group)
        let band = manifest.kind.threshold != nil ? group : bands.first
        let rows = Array(prepared.rows(ofBlocks: blocks(ofBand: band).prefix(1)).prefix(4))
        switch manifest.kind.choice {
        case .join(let threshold):
            let locations = prepared.locations()
            return (
                try pairs(ofRows: rows, threshold: threshold, options: options),
                { pair in rows.contains(owner(pair.a, pair.b, locations)) }
            )
        case .search(let k, _):
            let others = prepared.rows(ofBlocks: blocks(ofBand: bands.second))
            let found = try manifest.groupsNeeded(by: group).flatMap(known)
            return (
                try neighbors(of: rows, among: others, k: k, known: found, options: options),
                { rows.contains($0.a) }
            )
        }
    }

    /// Those of the `k` nearest rows, so far, that are among `others`.
    private func neighbors(
        of rows: [Int],
        among others: [Int],
        k: Int,
        known: [ScoredPair],
        options: RunOptions
    ) throws -> [ScoredPair] {
        // In the order of their numbers, by which ties are decided.
        let (rows, others) = (rows.sorted(), others.sorted())
        let kept = min(k, prepared.vectors.rowCount)
        let found = try prepared.vectors.selecting(others).nearest(
            to: prepared.vectors.selecting(rows),
            k: kept + 1,
            metric: prepared.metric,
            options: options
        )
        var before: [Int: [ScoredPair]] = [:]
        for pair in known { before[pair.a, default: []].append(pair) }
        return rows.enumerated().flatMap { i, row in
            let new = found[i].map { Neighbor(row: others[$0.row], score: $0.score) }.filter { $0.row != row }
            let old = (before[row] ?? []).map { Neighbor(row: $0.b, score: $0.score) }
            let isNew = Set(new.map(\.row))
            let best = (old + new).sorted(by: prepared.metric.ranks).prefix(kept)
            return best.filter { isNew.contains($0.row) }.sorted { $0.row < $1.row }.map {
                ScoredPair(a: row, b: $0.row, score: $0.score)
            }
        }
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
