// SPDX-License-Identifier: Apache-2.0

/// Rows that are searched in and joined, with the codes that there may be of them: the one place that says whether these are used.
package struct Corpus: Sendable {
    /// The rows themselves.
    package let vectors: VectorMatrix
    private let prepared: PreparedCorpus?

    /// - Parameter prepared: The same rows with their codes; these are used where they are for the metric of an operation, and no engine
    ///   without codes is asked for.
    package init(_ vectors: VectorMatrix, prepared: PreparedCorpus?) {
        self.vectors = vectors
        self.prepared = prepared
    }

    /// See ``VectorMatrix/nearest(to:k:metric:options:)``.
    ///
    /// - Parameter excludingSelf: Leaves out the row with the query's own number; `queries` has then as many rows as this corpus.
    package func nearest(
        to queries: VectorMatrix,
        k: Int,
        metric: Metric,
        excludingSelf: Bool = false,
        options: RunOptions
    ) throws -> NearestNeighbors {
        try codes(for: metric, options)?.nearest(to: queries, k: k, excludingSelf: excludingSelf, options: options)
            ?? vectors.nearest(to: queries, k: k, metric: metric, excludingSelf: excludingSelf, options: options)
    }

    /// See ``VectorMatrix/selfJoin(threshold:metric:limit:options:)``.
    package func selfJoin(threshold: Float, metric: Metric, options: RunOptions) throws -> SelfJoin {
        try codes(for: metric, options)?.selfJoin(threshold: threshold, options: options)
            ?? vectors.selfJoin(threshold: threshold, metric: metric, options: options)
    }

    /// Pairs of a row of `left` and a row of this corpus; see ``VectorMatrix/join(_:threshold:metric:limit:options:)``.
    package func join(
        from left: VectorMatrix,
        threshold: Float,
        metric: Metric,
        options: RunOptions
    ) throws -> Join {
        try codes(for: metric, options)?.join(from: left, threshold: threshold, options: options)
            ?? left.join(vectors, threshold: threshold, metric: metric, options: options)
    }

    private func codes(for metric: Metric, _ options: RunOptions) -> PreparedCorpus? {
        guard let prepared, prepared.metric == metric, options.engine.mayUseCodes else { return nil }
        let line = "chosen: bounded, prefix \(prepared.prefix) (the corpus is prepared)"
        options.plan?(RunPlan(engine: .bounded, prefix: prepared.prefix, lines: [line]))
        return prepared
    }
}
