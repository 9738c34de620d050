// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension PreparedCorpus {
    /// The `k` rows that are nearest to each query: the same bytes as ``VectorMatrix/nearest(to:k:metric:options:)``.
    ///
    /// - Parameters:
    ///   - queries: One vector a row, of the dimension of the corpus.
    ///   - k: How many neighbors are wanted; more than the corpus has gives as many as there are.
    ///   - options: Workers, cancellation. The codes are used unless an engine without them is asked for.
    /// - Complexity: at most `m * n * prefix` multiply-adds of bytes, and what the survivors cost. Memory: `12 * m * k` bytes
    ///   and at most 10 MiB a worker.
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `k >= 0`.
    public func nearest(
        to queries: VectorMatrix,
        k: Int,
        options: RunOptions = RunOptions()
    ) throws -> NearestNeighbors {
        try nearest(to: queries, k: k, excludingSelf: false, options: options)
    }

    /// The `k` other rows that are nearest to each row: the same bytes as ``VectorMatrix/selfNearest(k:metric:options:)``.
    ///
    /// - Throws: ``SimilarityError`` if rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `k >= 0`.
    public func selfNearest(k: Int, options: RunOptions = RunOptions()) throws -> NearestNeighbors {
        try nearest(to: vectors, k: k, excludingSelf: true, options: options)
    }

    /// Both of these.
    ///
    /// - Parameter excludingSelf: Leaves out the row with the query's own number; `queries` has then as many rows as this corpus.
    package func nearest(
        to queries: VectorMatrix,
        k: Int,
        excludingSelf: Bool,
        options: RunOptions = RunOptions()
    ) throws -> NearestNeighbors {
        precondition(k >= 0, "k is \(k)")
        precondition(
            !excludingSelf || queries.rowCount == vectors.rowCount,
            "\(queries.rowCount) queries are not the \(vectors.rowCount) rows themselves"
        )
        guard options.engine.mayUseCodes else {
            return try vectors.nearest(
                to: queries,
                k: k,
                metric: metric,
                excludingSelf: excludingSelf,
                options: options
            )
        }
        if excludingSelf, queries.storage.isSame(as: vectors.storage) {
            return try nearestOfEach(k: k, options: options).named(queries: queries.ids, corpus: vectors.ids)
        }
        let walk = try BoundedWalk(
            self,
            queries: queries.storage,
            pairing: excludingSelf ? .exceptSelf : .all,
            options: options
        )
        return try NearestNeighbors.search(
            queryCount: queries.rowCount,
            rowCount: vectors.rowCount,
            k: k,
            metric: metric,
            engine: .bounded,
            rejectInvalidRows: walk.rejectInvalidRows,
            walk: walk.run
        ).named(queries: queries.ids, corpus: vectors.ids)
    }

    /// The `k` other rows that are nearest to each row.
    private func nearestOfEach(k: Int, options: RunOptions) throws -> NearestNeighbors {
        let n = vectors.rowCount
        let counted = pairCounts(of: (0..<coded.rowCount).map { coded.source(of: $0) }, pairing: .exceptSelf)
        var counters = RunCounters(engine: .bounded)
        counters.pairs = counted.pairs
        return try NearestNeighbors.search(
            queryCount: n,
            rowCount: n,
            k: k,
            metric: metric,
            engine: .bounded,
            rejectInvalidRows: {
                if options.invalidRows == .reject {
                    try InvalidRowCheck.reject(vectors.storage, vectors.storage, options: options)
                }
            }
        ) { kept in
            let (sinks, verdicts) = try MutualWalk(
                prepared: self,
                k: kept,
                options: options,
                first: 0..<blockRing.count
            ).run()
            // A verdict is one for both of its rows.
            counters.verdicts = 2 * verdicts
            counters.filtered = counted.pairs - counted.excluded - counters.verdicts
            var places = [UInt32?](repeating: nil, count: n)
            for place in 0..<coded.rowCount { places[coded.source(of: place)] = UInt32(place) }
            return NearestNeighbors(
                metric: metric,
                k: kept,
                sinks: sinks,
                rowCount: n,
                blockRows: CodeLayout.blockRows,
                places: places,
                counters: counters
            )
        }
    }

    /// All pairs of rows whose score reaches a threshold: the same bytes as ``VectorMatrix/selfJoin(threshold:metric:limit:options:)``.
    ///
    /// - Throws: ``SimilarityError`` if rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    public func selfJoin(
        threshold: Float,
        limit: Int? = nil,
        options: RunOptions = RunOptions()
    ) throws -> SelfJoin {
        let options = options.limited(toPairs: limit)
        guard options.engine.mayUseCodes else {
            return try vectors.selfJoin(threshold: threshold, metric: metric, options: options)
        }
        return try selfJoin(threshold: threshold, ofBlocks: 0..<blockRing.count, options: options)
    }

    /// The pairs of a self-join that belong to some of the blocks in ``blockRing``, in the order of a result. All blocks together have all.
    package func selfJoin(threshold: Float, ofBlocks own: Range<Int>, options: RunOptions) throws -> SelfJoin {
        let cut = metric.cut(ofThreshold: threshold)
        let walk = try BoundedWalk(
            self,
            queries: vectors.storage,
            pairing: .triangle,
            ownBlocks: own,
            options: options
        )
        let (sinks, counters) = try walk.run { _ in ThresholdSink(threshold: cut) }
        var pairs: [ScoredPair] = []
        pairs.reserveCapacity(sinks.reduce(0) { $0 + $1.entries.count })
        for (block, sink) in sinks.enumerated() {
            for entry in sink.entries {
                let row = coded.source(of: (own.lowerBound + block) * walk.blockQueries + entry.query)
                let score = metric.reported(entry.score)
                pairs.append(ScoredPair(a: min(row, entry.row), b: max(row, entry.row), score: score))
            }
        }
        pairs.sort(by: ScoredPair.precedes)
        return SelfJoin(
            found: pairs,
            metric: metric,
            rowCount: vectors.rowCount,
            ids: vectors.ids,
            counters: counters
        )
    }

    /// All pairs of a row of `left` (`a`) and a row of this corpus (`b`) whose score reaches a threshold: the same bytes as
    /// ``VectorMatrix/join(_:threshold:metric:limit:options:)`` of `left` with ``vectors``.
    ///
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `threshold` is finite, and not negative for ``Metric/euclidean``.
    public func join(
        from left: VectorMatrix,
        threshold: Float,
        limit: Int? = nil,
        options: RunOptions = RunOptions()
    ) throws -> Join {
        let options = options.limited(toPairs: limit)
        guard options.engine.mayUseCodes else {
            return try left.join(vectors, threshold: threshold, metric: metric, options: options)
        }
        let cut = metric.cut(ofThreshold: threshold)
        let walk = try BoundedWalk(self, queries: left.storage, pairing: .all, options: options)
        let (sinks, counters) = try walk.run { _ in ThresholdSink(threshold: cut) }
        return Join(
            found: ThresholdSink.pairs(sinks, of: walk.blockQueries, metric: metric),
            metric: metric,
            (left.rowCount, left.ids),
            (vectors.rowCount, vectors.ids),
            counters: counters
        )
    }
}
