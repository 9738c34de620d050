// SPDX-License-Identifier: Apache-2.0

/// A row that was found near a query.
public struct Neighbor: Sendable, Hashable {
    /// The row of the corpus.
    public let row: Int
    /// The cosine or the dot product, where more is better, or for ``Metric/euclidean`` the distance, where less is.
    public let score: Float

    /// A row with its score.
    public init(row: Int, score: Float) {
        self.row = row
        self.score = score
    }
}

extension Metric {
    /// Whether a score is better than another: a larger cosine or dot product, a smaller distance. No NaN is better than anything.
    @inlinable
    public func isBetter(_ score: Float, than other: Float) -> Bool {
        self == .euclidean ? score < other : score > other
    }

    /// The order of every result: the better score first, of equal ones the lower row.
    ///
    ///     neighbors.sorted(by: Metric.cosine.ranks)
    @inlinable
    public func ranks(_ a: Neighbor, before b: Neighbor) -> Bool {
        isBetter(a.score, than: b.score) || (a.score == b.score && a.row < b.row)
    }
}

/// The neighbors of one query, best first: a view of a result that copies nothing.
public struct NeighborList: RandomAccessCollection, Sendable, Hashable {
    /// Rows of the corpus.
    public let rows: ArraySlice<Int>
    /// Their scores; as many.
    public let scores: ArraySlice<Float>

    init(rows: ArraySlice<Int>, scores: ArraySlice<Float>) {
        self.rows = rows
        self.scores = scores
    }

    /// Always 0: the best one is `list[0]`.
    public var startIndex: Int { 0 }
    /// How many there are.
    public var endIndex: Int { rows.count }

    /// The neighbor of a rank, counted from 0.
    ///
    /// - Precondition: the rank is in range.
    public subscript(rank: Int) -> Neighbor {
        Neighbor(row: rows[rows.startIndex + rank], score: scores[scores.startIndex + rank])
    }
}
