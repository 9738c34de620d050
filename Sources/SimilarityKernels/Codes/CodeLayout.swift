// SPDX-License-Identifier: Apache-2.0

/// Where the codes of rows lie: the one layout that the integer kernels of all levels read (see `CodeTile`); that of queries is
/// `QueryLayout`.
///
/// A *step* is four coordinates. A panel holds a step of each of its 16 rows in 64 bytes, as code + 128. Sixteen steps are a tile
/// of AMX as they lie.
package enum CodeLayout {
    /// Rows of a panel.
    package static let panelRows = 16
    /// Rows of a block, which share one scale and one set of maxima.
    package static let blockRows = 512
    /// Queries of a quad.
    package static let quadQueries = 4
    /// Coordinates of a step.
    package static let step = 4
    /// What is added to the codes of rows.
    static let bias: Int16 = 128
    /// Bytes from a step of a row to its next.
    static let rowStep = panelRows * step

    /// `count` rows in whole panels.
    package static func paddedRows(_ count: Int) -> Int { (count + panelRows - 1) / panelRows * panelRows }
    /// Quads of `count` queries.
    static func quads(_ count: Int) -> Int { (count + quadQueries - 1) / quadQueries }

    /// Where the first step of a row begins, for codes of `depth` coordinates.
    @inline(__always)
    static func start(ofRow row: Int, depth: Int) -> Int {
        row / panelRows * panelRows * depth + row % panelRows * step
    }

    /// Where the correction of a query for the first of `chunks` chunks is; those of the others follow `quadQueries` apart.
    @inline(__always)
    static func correction(ofQuery query: Int, chunks: Int) -> Int {
        query / quadQueries * quadQueries * chunks + query % quadQueries
    }
}
