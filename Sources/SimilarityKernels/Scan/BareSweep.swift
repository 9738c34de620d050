// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What an engine cannot be faster than, to be measured beside it: the same tiles on the same workers with nothing else
/// done. Products of all pairs, or for a few queries one read of the corpus.
package enum BareSweep {
    /// Whether the floor of so many queries is a read of the corpus rather than a matrix multiply.
    package static func isRead(queryCount: Int) -> Bool { queryCount < ScoreTile.rowwiseQueryLimit }

    /// Walks all tiles. Returns a number that depends on all of the work, so that none of it can be left out.
    package static func run(
        queries: RowStorage,
        corpus: RowStorage,
        tileQueries: Int,
        tileRows: Int,
        tilesPerSegment: Int,
        workers: Int
    ) -> Float {
        let isRead = isRead(queryCount: queries.rowCount)
        let blockCount = isRead ? 1 : (queries.rowCount + tileQueries - 1) / tileQueries
        let segmentRows = tileRows * tilesPerSegment
        let segmentCount = (corpus.rowCount + segmentRows - 1) / segmentRows
        let next = Atomic<Int>(0)
        let total = Mutex<Float>(0)
        runWorkers(workers) { _ in
            var queryTile = RowTile()
            var rowTile = RowTile()
            var scores = ScoreTile()
            var sum: Float = 0
            while true {
                let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard unit < blockCount * segmentCount else { break }
                let (segment, block) = unit.quotientAndRemainder(dividingBy: blockCount)
                let end = min((segment + 1) * segmentRows, corpus.rowCount)
                let first = block * tileQueries
                queryTile.loadComponents(first..<min(first + tileQueries, queries.rowCount), of: queries)
                for start in stride(from: segment * segmentRows, to: end, by: tileRows) {
                    rowTile.loadComponents(start..<min(start + tileRows, end), of: corpus)
                    if isRead {
                        sum += rowTile.sum()
                    } else {
                        scores.multiplyOnly(queryTile, rowTile, gemm: GEMM.preferred)
                        sum += scores.score(0, 0)
                    }
                }
            }
            total.withLock { $0 += sum }
        }
        return total.withLock { $0 }
    }
}
