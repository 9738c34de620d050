// SPDX-License-Identifier: Apache-2.0

/// What consumes scored pairs. A driver offers every pair that may matter; the sink keeps what its operation wants and
/// publishes the cut that lets the filter drop the rest. A new operation is a new sink.
///
/// A sink belongs to one block of queries; `query` counts from the start of the block. The corpus rows of one query are
/// offered in no order that a sink may rely on; where blocks are fewer than workers, they are split among several sinks of the same block, which are
/// joined at the end.
package protocol TileSink: Sendable {
    /// Whether verdicts raise cuts, so that a pair in doubt may be settled by waiting.
    static var cutsMove: Bool { get }

    /// The worst score that may still enter the result of a query: a pair is dropped only if it is provably below.
    func cut(for query: Int) -> Float

    /// Takes a pair with its verdict; it may be below the cut.
    mutating func offer(query: Int, row: Int, score: Float)

    /// Takes over what another sink of the same block has kept.
    mutating func merge(_ other: Self)

    /// Whether one pair a query is all that is kept, so that the best of a tile is worth looking for before the others.
    var keepsOne: Bool { get }

    /// Pairs that it holds and whose number the input does not bound; 0 for a sink of bounded size.
    var keptPairs: Int { get }
}

extension TileSink {
    package var keptPairs: Int { 0 }
    package var keepsOne: Bool { false }
}
