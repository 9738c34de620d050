// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension PreparedCorpus {
    /// The blocks of 512 coded rows, and whose each pair of them is.
    package var blockRing: BlockRing { BlockRing(count: coded.image.blockCount) }

    /// The rows of some blocks, by their numbers in ``vectors``, in the order of their places.
    package func rows(ofBlocks blocks: Range<Int>) -> [Int] {
        blocks.flatMap { coded.image.rows(ofBlock: $0).map { coded.source(of: $0) } }
    }

    /// Where a row of each number lies: its block, and its place in that; nil for rows that have no score.
    package func locations() -> [(block: Int, place: Int)?] {
        var locations: [(block: Int, place: Int)?] = Array(repeating: nil, count: vectors.rowCount)
        for place in 0..<coded.rowCount {
            let (block, row) = place.quotientAndRemainder(dividingBy: CodeLayout.blockRows)
            locations[coded.source(of: place)] = (block, row)
        }
        return locations
    }

    /// The neighbors that the rows of some blocks have among themselves, or in a second set of blocks and the other way around: of each row
    /// those of its `k` nearest, so far, that lie there. All sets, each by itself and each with each, have all neighbors of all rows.
    ///
    /// - Parameters:
    ///   - known: Between two sets, what the rows of each have found among themselves.
    /// - Returns: `a`, the row, and `b`, its neighbor, by their numbers in ``vectors`` and in their order. A pair may stand there both ways.
    package func neighbors(
        k: Int,
        ofBlocks first: Range<Int>,
        and second: Range<Int>? = nil,
        known: [ScoredPair] = [],
        options: RunOptions
    ) throws -> [ScoredPair] {
        let kept = min(k, vectors.rowCount)
        if kept == 0 || first.isEmpty || second?.isEmpty == true { return [] }
        let locations = locations()
        let walk = MutualWalk(prepared: self, k: kept, options: options, first: first, second: second)
        let (sinks, _) = try walk.run(
            known: known.compactMap { pair in
                guard let location = locations[pair.a] else { return nil }
                let isFirst = first.contains(location.block)
                return MutualWalk.KnownNeighbor(
                    block: isFirst
                        ? location.block - first.lowerBound
                        : first.count + location.block - (second?.lowerBound ?? location.block),
                    row: location.place,
                    neighbor: UInt32(truncatingIfNeeded: pair.b),
                    score: metric.score(reported: pair.score)
                )
            }
        )
        var pairs: [ScoredPair] = []
        for (block, sink) in zip(Array(first) + Array(second ?? 0..<0), sinks) {
            for (row, place) in coded.image.rows(ofBlock: block).enumerated() {
                let source = coded.source(of: place)
                sink.forEachKept(row) { neighbor, score in
                    // What was known is told where it was found.
                    let isThere = locations[neighbor].map { first.contains($0.block) } ?? false
                    if second != nil, isThere == first.contains(block) { return }
                    pairs.append(ScoredPair(a: source, b: neighbor, score: metric.reported(score)))
                }
            }
        }
        return pairs.sorted(by: ScoredPair.precedes)
    }
}
