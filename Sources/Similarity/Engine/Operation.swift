// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// What is asked of a corpus: which rows are wanted of each query, which pairs count, and how rows are compared. Plans, forecasts and walks
/// are made of it, so that a command, a job and the library ask the same thing.
package struct Operation: Sendable {
    /// Which rows are wanted of each query.
    enum Wanted {
        /// The best `k`.
        case nearest(k: Int)
        /// All that reach a score.
        case above(cut: Float)
    }

    /// Which pairs are decided.
    enum Pairing {
        /// All.
        case all
        /// All but a row with itself; both sides are the same matrix.
        case exceptSelf
        /// Those with query < row; both sides are the same matrix.
        case triangle
    }

    let wanted: Wanted
    let pairing: Pairing
    let metric: Metric
    /// The queries, or the left side of a join.
    let queries: VectorMatrix

    /// The `k` nearest rows of each query.
    ///
    /// - Parameter excludingSelf: Leaves out the row with the query's own number; `queries` is then the corpus.
    package static func nearest(k: Int, to queries: VectorMatrix, metric: Metric, excludingSelf: Bool = false) -> Self {
        Self(
            wanted: .nearest(k: k),
            pairing: excludingSelf ? .exceptSelf : .all,
            metric: metric,
            queries: queries
        )
    }

    /// All pairs with a row of `left` that reach a threshold.
    ///
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    package static func join(from left: VectorMatrix, threshold: Float, metric: Metric) -> Self {
        Self(wanted: .above(cut: metric.cut(ofThreshold: threshold)), pairing: .all, metric: metric, queries: left)
    }

    /// All pairs of rows of one matrix that reach a threshold, each once.
    ///
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    package static func selfJoin(of rows: VectorMatrix, threshold: Float, metric: Metric) -> Self {
        Self(wanted: .above(cut: metric.cut(ofThreshold: threshold)), pairing: .triangle, metric: metric, queries: rows)
    }

    /// Whether the queries are the rows of the corpus themselves, whose neighbors by codes are looked for pair by pair, for both rows at once.
    func isMutual(in corpus: RowStorage) -> Bool {
        guard case (.nearest, .exceptSelf) = (wanted, pairing) else { return false }
        return queries.storage.isSame(as: corpus)
    }

    /// How many pairs there are to decide with a corpus of so many rows.
    func pairCount(rowCount: Int) -> Double {
        let (m, n) = (Double(queries.rowCount), Double(rowCount))
        return pairing == .triangle ? n * (n - 1) / 2 : m * n
    }
}
