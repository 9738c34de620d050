// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension VectorMatrix {
    /// The `k` rows of this corpus that are nearest to each query: exactly those that comparing all pairs would give.
    ///
    /// The order is total, better score first and then the lower row number, and the result is the same bytes for every
    /// engine, number of workers and machine. The matrix of all scores is never stored.
    ///
    ///     let found = try corpus.nearest(to: queries, k: 10)
    ///     print(found[0].first?.row)
    ///
    /// - Parameters:
    ///   - queries: One vector a row, of the dimension of the corpus.
    ///   - k: How many neighbors are wanted; more than the corpus has gives as many as there are.
    ///   - metric: How vectors are compared.
    ///   - options: Engine, workers, cancellation.
    /// - Complexity: `m * n * d` multiply-adds for m queries, n rows and d dimensions, and about `k * (1 + ln(n/k))`
    ///   verdicts a query. Memory beyond the inputs: `12 * m * k` bytes while it runs, the result, and a few tiles (about
    ///   4 MiB) a worker.
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `k >= 0`.
    public func nearest(
        to queries: VectorMatrix,
        k: Int,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> NearestNeighbors {
        try nearest(to: queries, k: k, metric: metric, excludingSelf: false, options: options)
    }

    /// The `k` other rows that are nearest to each row of this matrix: a search of the matrix in itself in which no row finds itself. Its copies
    /// it does find.
    ///
    /// - Complexity: half of the work of ``nearest(to:k:metric:options:)`` where codes are used, since a pair is looked at for both of its rows.
    /// - Throws: ``SimilarityError`` if rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `k >= 0`.
    public func selfNearest(
        k: Int,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> NearestNeighbors {
        try nearest(to: self, k: k, metric: metric, excludingSelf: true, options: options)
    }

    /// Both of these.
    ///
    /// - Parameter excludingSelf: Leaves out the row with the query's own number; `queries` has then as many rows as this corpus.
    package func nearest(
        to queries: VectorMatrix,
        k: Int,
        metric: Metric = .cosine,
        excludingSelf: Bool,
        options: RunOptions = RunOptions()
    ) throws -> NearestNeighbors {
        precondition(k >= 0, "k is \(k)")
        precondition(
            !excludingSelf || queries.rowCount == rowCount,
            "\(queries.rowCount) queries are not the \(rowCount) rows themselves"
        )
        if let count = sliceRows(options), k > 0 {
            return try nearestInSlices(
                of: count,
                to: queries,
                k: k,
                metric: metric,
                excludingSelf: excludingSelf,
                options: options
            ).named(queries: queries.ids, corpus: ids)
        }
        let operation = Operation.nearest(k: k, to: queries, metric: metric, excludingSelf: excludingSelf)
        let (prepared, options) = try planned(for: operation, options: options)
        if let prepared {
            return try prepared.nearest(to: queries, k: k, excludingSelf: excludingSelf, options: options)
        }
        let walk = try TileWalk(operation, corpus: storage, options: options)
        return try NearestNeighbors.search(
            queryCount: queries.rowCount,
            rowCount: rowCount,
            k: k,
            metric: metric,
            engine: walk.engine,
            rejectInvalidRows: walk.rejectInvalidRows,
            walk: walk.run
        ).named(queries: queries.ids, corpus: ids)
    }
}

extension NearestNeighbors {
    /// A search by any driver.
    static func search(
        queryCount: Int,
        rowCount: Int,
        k: Int,
        metric: Metric,
        engine: Engine,
        rejectInvalidRows: () throws -> Void,
        walk: (@escaping @Sendable (Int) -> TopKSink) throws -> (sinks: [TopKSink], counters: RunCounters)
    ) throws -> NearestNeighbors {
        try search(
            queryCount: queryCount,
            rowCount: rowCount,
            k: k,
            metric: metric,
            engine: engine,
            rejectInvalidRows: rejectInvalidRows
        ) { kept in
            let (sinks, counters) = try walk { TopKSink(queryCount: $0, k: kept) }
            return NearestNeighbors(metric: metric, k: kept, sinks: sinks, counters: counters)
        }
    }

    /// The same by anything that finds at least one neighbor, if there are as many.
    ///
    /// - Parameter find: Gets how many neighbors there can be.
    static func search(
        queryCount: Int,
        rowCount: Int,
        k: Int,
        metric: Metric,
        engine: Engine,
        rejectInvalidRows: () throws -> Void,
        find: (Int) throws -> NearestNeighbors
    ) throws -> NearestNeighbors {
        let kept = Swift.min(k, rowCount)
        let (entries, overflow) = queryCount.multipliedReportingOverflow(by: kept)
        guard !overflow, entries <= Int.max / 16 else {
            throw SimilarityError.tooLarge("\(queryCount) queries x \(kept) neighbors are too many to hold")
        }
        if kept == 0 {
            try rejectInvalidRows()
            let nothing = (0..<queryCount).map { _ in TopKSink(queryCount: 1, k: 1) }
            return NearestNeighbors(metric: metric, k: kept, sinks: nothing, counters: RunCounters(engine: engine))
        }
        return try find(kept)
    }
}
