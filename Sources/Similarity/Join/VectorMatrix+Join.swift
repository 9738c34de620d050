// SPDX-License-Identifier: Apache-2.0

extension VectorMatrix {
    /// All pairs of rows of this matrix whose score reaches a threshold, each pair once (`a < b`), no row with itself.
    ///
    /// - Parameters:
    ///   - threshold: The lowest cosine or dot product, or for ``Metric/euclidean`` the largest distance; inclusive, and
    ///     compared with the rounded score. A cosine above 1 is legal and gives nothing.
    ///   - metric: How vectors are compared.
    ///   - limit: The most pairs; if there are more, ``SimilarityError`` of code `tooLarge` is thrown in the place of filling the memory. Nil
    ///     for no limit.
    ///   - options: Engine, workers, cancellation.
    /// - Complexity: `n * (n - 1) / 2 * d` multiply-adds, half of a join with itself, and a verdict for every pair within
    ///   the filter's slack of the threshold. Memory: 24 bytes a pair, twice while it is sorted.
    /// - Throws: ``SimilarityError`` if rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    public func selfJoin(
        threshold: Float,
        metric: Metric = .cosine,
        limit: Int? = nil,
        options: RunOptions = RunOptions()
    ) throws -> SelfJoin {
        let operation = Operation.selfJoin(of: self, threshold: threshold, metric: metric)
        let (prepared, options) = try planned(for: operation, options: options.limited(toPairs: limit))
        if let prepared { return try prepared.selfJoin(threshold: threshold, options: options) }
        let (pairs, counters) = try joined(operation, options)
        return SelfJoin(found: pairs, metric: metric, rowCount: rowCount, ids: ids, counters: counters)
    }

    /// All pairs of a row of this matrix (`a`) and a row of another (`b`) whose score reaches a threshold.
    ///
    /// - Parameters:
    ///   - right: Vectors of the same dimension.
    ///   - threshold: As in ``selfJoin(threshold:metric:limit:options:)``.
    ///   - metric: How vectors are compared.
    ///   - limit: The most pairs; if there are more, ``SimilarityError`` of code `tooLarge` is thrown in the place of filling the memory. Nil
    ///     for no limit.
    ///   - options: Engine, workers, cancellation.
    /// - Complexity: `m * n * d` multiply-adds and a verdict for every pair within the filter's slack of the threshold.
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    public func join(
        _ right: VectorMatrix,
        threshold: Float,
        metric: Metric = .cosine,
        limit: Int? = nil,
        options: RunOptions = RunOptions()
    ) throws -> Join {
        let operation = Operation.join(from: self, threshold: threshold, metric: metric)
        let (prepared, options) = try right.planned(for: operation, options: options.limited(toPairs: limit))
        if let prepared { return try prepared.join(from: self, threshold: threshold, options: options) }
        let (pairs, counters) = try right.joined(operation, options)
        return Join(
            found: pairs,
            metric: metric,
            (rowCount, ids),
            (right.rowCount, right.ids),
            counters: counters
        )
    }

    /// A join with this matrix by its floats.
    private func joined(
        _ operation: Operation,
        _ options: RunOptions
    ) throws -> (pairs: [ScoredPair], counters: RunCounters) {
        guard case .above(let cut) = operation.wanted else { preconditionFailure("not a join") }
        let walk = try TileWalk(operation, corpus: storage, options: options)
        let (sinks, counters) = try walk.run { _ in ThresholdSink(threshold: cut) }
        return (ThresholdSink.pairs(sinks, of: walk.plan.queries, metric: operation.metric), counters)
    }
}

extension ThresholdSink {
    /// What the sinks of all blocks have kept, in the order of a result.
    ///
    /// - Parameter blockQueries: Queries of each block but the last one.
    static func pairs(_ sinks: [ThresholdSink], of blockQueries: Int, metric: Metric) -> [ScoredPair] {
        var pairs: [ScoredPair] = []
        pairs.reserveCapacity(sinks.reduce(0) { $0 + $1.entries.count })
        for (block, sink) in sinks.enumerated() {
            let first = block * blockQueries
            // A block's entries came in any order; its queries follow those of the block before.
            let ordered = sink.entries.sorted { ($0.query, $0.row) < ($1.query, $1.row) }
            for entry in ordered {
                pairs.append(
                    ScoredPair(a: first + entry.query, b: entry.row, score: metric.reported(entry.score))
                )
            }
        }
        return pairs
    }
}

extension Metric {
    /// The score that a pair must reach.
    ///
    /// - Precondition: `threshold` is finite, and not negative for ``euclidean``.
    func cut(ofThreshold threshold: Float) -> Float {
        precondition(threshold.isFinite, "the threshold is \(threshold)")
        precondition(self != .euclidean || threshold >= 0, "the largest distance is \(threshold)")
        return score(reported: threshold)
    }
}
