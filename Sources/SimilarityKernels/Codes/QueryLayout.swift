// SPDX-License-Identifier: Apache-2.0

/// Where the codes of queries lie, which the integer kernels of a level decide: `lanes` queries are a group, `run` coordinates of
/// each of them follow one another, then the next `run` of each.
package struct QueryLayout: Sendable, Equatable {
    /// Queries of a group; the last one is filled up.
    package let lanes: Int
    /// Coordinates of a query in one piece; the last one is filled up with zeros.
    package let run: Int

    /// A step of each of four queries in 16 bytes: what a register of a step of 16 rows is multiplied by.
    package static let quads = QueryLayout(lanes: CodeLayout.quadQueries, run: CodeLayout.step)
    /// A tile of AMX: 64 coordinates of each of 16 queries.
    package static let tiles = QueryLayout(lanes: 16, run: 64)

    /// Codes of `count` queries.
    package func codeCount(queries count: Int, depth: Int) -> Int {
        Self.roundUp(count, to: lanes) * Self.roundUp(depth, to: run)
    }

    /// Where the first coordinate of a query is.
    @inline(__always)
    package func start(ofQuery query: Int, depth: Int) -> Int {
        query / lanes * lanes * Self.roundUp(depth, to: run) + query % lanes * run
    }

    /// How far from it another coordinate is.
    @inline(__always)
    package func offset(ofCoordinate j: Int) -> Int { j / run * (lanes * run) + j % run }

    @inline(__always)
    private static func roundUp(_ count: Int, to unit: Int) -> Int { (count + unit - 1) / unit * unit }
}
