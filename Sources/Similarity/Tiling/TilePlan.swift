// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// How the pairs of queries and corpus rows are cut into tiles: a pure function of the shapes, printable, and without
/// influence on results.
///
/// A *block* of queries is walked along the corpus in *segments*, each a few tiles of `rows` corpus rows. A block is the
/// unit that carries state (its running top-k), a segment the unit that a worker takes.
package struct TilePlan: Sendable, Equatable, CustomStringConvertible {
    /// Queries of a tile.
    package var queries: Int
    /// Corpus rows of a tile.
    package var rows: Int
    /// Tiles of a segment.
    package var tilesPerSegment: Int

    package init(queries: Int, rows: Int, tilesPerSegment: Int = 4) {
        precondition(queries > 0 && rows > 0 && tilesPerSegment > 0)
        self.queries = queries
        self.rows = rows
        self.tilesPerSegment = tilesPerSegment
    }

    /// The plan for `queryCount` queries and vectors of `dimension` components.
    ///
    /// Measured on two Zen 3 cores with 512 KiB of L2 each and 32 MiB of shared L3: see the module's page `Tiling`.
    /// Tall tiles spread the packing of the corpus rows, and what each tile costs once (norms, bound), over more
    /// queries; the scores of a tile (at most 2 MiB) stay in a core's share of L3.
    package static func planned(queryCount: Int, dimension: Int) -> TilePlan {
        // A tile of converted rows must not grow with the dimension: at most 4 MiB of floats a side.
        let widest = max(16, (1 << 20) / dimension)
        if queryCount < ScoreTile.rowwiseQueryLimit {
            // Rows are read once for the norms and once for the scores: the second time from L2.
            let rows = min(max(16, (48 << 10) / dimension), 1024)
            return TilePlan(queries: max(queryCount, 1), rows: rows, tilesPerSegment: 8)
        }
        return TilePlan(queries: min(512, widest), rows: min(1024, widest), tilesPerSegment: 4)
    }

    package var description: String { "\(queries) x \(rows), \(tilesPerSegment) tiles a segment" }
}
