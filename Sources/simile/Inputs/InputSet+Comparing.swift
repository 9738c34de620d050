// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// Searches and joins in an input: by its codes if it is a prepared corpus and no engine without them is asked for.
extension InputSet {
    func nearest(
        to queries: InputSet,
        k: Int,
        metric: Metric,
        excludingSelf: Bool,
        options: RunOptions
    ) throws -> NearestNeighbors {
        if let prepared = usable(options, metric) {
            return try prepared.nearest(to: queries.vectors, k: k, excludingSelf: excludingSelf, options: options)
        }
        return try vectors.nearest(
            to: queries.vectors,
            k: k,
            metric: metric,
            excludingSelf: excludingSelf,
            options: options
        )
    }

    func selfJoin(threshold: Float, metric: Metric, options: RunOptions) throws -> JoinedPairs {
        try usable(options, metric)?.selfJoin(threshold: threshold, options: options)
            ?? vectors.selfJoin(threshold: threshold, metric: metric, options: options)
    }

    /// Pairs of a row of `left` and a row of this input.
    func join(from left: InputSet, threshold: Float, metric: Metric, options: RunOptions) throws -> JoinedPairs {
        try usable(options, metric)?.join(from: left.vectors, threshold: threshold, options: options)
            ?? left.vectors.join(vectors, threshold: threshold, metric: metric, options: options)
    }

    private func usable(_ options: RunOptions, _ metric: Metric) -> PreparedCorpus? {
        guard let prepared, prepared.metric == metric, options.engine.mayUseCodes else {
            return nil
        }
        options.explain?("chosen: bounded, prefix \(prepared.prefix) (the corpus is prepared)")
        return prepared
    }
}
