// SPDX-License-Identifier: Apache-2.0

/// Two rows that are close to each other.
public struct ScoredPair: Sendable, Hashable {
    /// The row of the left side; in a self-join the lower one.
    public let a: Int
    /// The row of the right side; in a self-join the higher one.
    public let b: Int
    /// The canonical score: higher is better; minus the distance for ``Metric/euclidean``.
    public let score: Float

    package init(a: Int, b: Int, score: Float) {
        self.a = a
        self.b = b
        self.score = score
    }
}

/// All pairs that reach a threshold, ordered by `a`, then `b`.
public struct JoinedPairs: Sendable {
    /// The metric of the scores.
    public let metric: Metric
    /// The pairs.
    public let pairs: [ScoredPair]
    /// What the join did.
    public let counters: RunCounters

    /// Pairs that have been stored.
    ///
    /// - Precondition: they are ordered by `a`, then `b`, each once.
    package init(metric: Metric, pairs: [ScoredPair], counters: RunCounters = RunCounters(engine: .auto)) {
        self.metric = metric
        self.pairs = pairs
        self.counters = counters
    }
}

extension VectorMatrix {
    /// All pairs of rows of this matrix whose score reaches a threshold, each pair once (`a < b`), no row with itself.
    ///
    /// - Parameters:
    ///   - threshold: The lowest cosine or dot product, or for ``Metric/euclidean`` the largest distance; inclusive, and
    ///     compared with the rounded score. A cosine above 1 is legal and gives nothing.
    ///   - metric: How vectors are compared.
    ///   - options: Engine, workers, cancellation.
    /// - Complexity: `n * (n - 1) / 2 * d` multiply-adds, half of a join with itself, and a verdict for every pair within
    ///   the filter's slack of the threshold. Memory: 24 bytes a pair, twice while it is sorted.
    /// - Throws: ``SimilarityError`` if rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    public func selfJoin(
        threshold: Float,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> JoinedPairs {
        let operation = Operation.selfJoin(of: self, threshold: threshold, metric: metric)
        let (prepared, options) = try planned(for: operation, options: options)
        return try prepared?.selfJoin(threshold: threshold, options: options) ?? joined(operation, options)
    }

    /// All pairs of a row of this matrix (`a`) and a row of another (`b`) whose score reaches a threshold.
    ///
    /// - Parameters:
    ///   - right: Vectors of the same dimension.
    ///   - threshold: As in ``selfJoin(threshold:metric:options:)``.
    ///   - metric: How vectors are compared.
    ///   - options: Engine, workers, cancellation.
    /// - Complexity: `m * n * d` multiply-adds and a verdict for every pair within the filter's slack of the threshold.
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    public func join(
        _ right: VectorMatrix,
        threshold: Float,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> JoinedPairs {
        let operation = Operation.join(from: self, threshold: threshold, metric: metric)
        let (prepared, options) = try right.planned(for: operation, options: options)
        return try prepared?.join(from: self, threshold: threshold, options: options)
            ?? right.joined(operation, options)
    }

    /// A join with this matrix by its floats.
    private func joined(_ operation: Operation, _ options: RunOptions) throws -> JoinedPairs {
        guard case .above(let cut) = operation.wanted else { preconditionFailure("not a join") }
        let walk = try TileWalk(operation, corpus: storage, options: options)
        let (sinks, counters) = try walk.run { _ in ThresholdSink(threshold: cut) }
        return JoinedPairs(
            metric: operation.metric,
            sinks: sinks,
            blockQueries: walk.plan.queries,
            counters: counters
        )
    }
}

extension JoinedPairs {
    /// What the sinks of all blocks have kept, in the order of a result.
    init(metric: Metric, sinks: [ThresholdSink], blockQueries: Int, counters: RunCounters) {
        var pairs: [ScoredPair] = []
        pairs.reserveCapacity(sinks.reduce(0) { $0 + $1.entries.count })
        for (block, sink) in sinks.enumerated() {
            let first = block * blockQueries
            // A block's entries came in any order; its queries follow those of the block before.
            let ordered = sink.entries.sorted { ($0.query, $0.row) < ($1.query, $1.row) }
            for entry in ordered {
                pairs.append(ScoredPair(a: first + entry.query, b: entry.row, score: entry.score))
            }
        }
        self.init(metric: metric, pairs: pairs, counters: counters)
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
