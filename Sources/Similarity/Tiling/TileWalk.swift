// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import Synchronization

/// The driver of every engine: walks the tiles of queries x corpus rows, filters, and offers the survivors' verdicts to
/// the sink of their block. It knows nothing of top-k or joins.
///
/// Memory: a worker holds one tile of scores, and one tile of rows a side where rows must be converted; see `TilePlan`.
struct TileWalk {
    let metric: Metric
    let queries: RowStorage
    let corpus: RowStorage
    let pairing: Operation.Pairing
    let options: RunOptions
    let engine: Engine
    let plan: TilePlan

    /// - Throws: `SimilarityError` if the dimensions differ.
    init(_ operation: Operation, corpus: RowStorage, options: RunOptions) throws(SimilarityError) {
        let queries = operation.queries.storage
        guard queries.dimension == corpus.dimension else {
            throw .dimensionMismatch(queries: queries.dimension, corpus: corpus.dimension)
        }
        metric = operation.metric
        self.queries = queries
        self.corpus = corpus
        pairing = operation.pairing
        self.options = options
        // What the bounded engine does not code is compared by the floats.
        let resolved = try options.engine.resolved()
        engine = resolved == .bounded ? .fallback : resolved
        plan =
            options.tilePlan
            ?? .planned(queryCount: queries.rowCount, dimension: queries.dimension)
    }

    private var pairCount: Double {
        let (m, n) = (Double(queries.rowCount), Double(corpus.rowCount))
        return pairing == .triangle ? n * (n - 1) / 2 : m * n
    }

    /// Walks all pairs and returns one sink a block of `plan.queries` queries, in order.
    ///
    /// - Parameter makeSink: An empty sink for that many queries.
    /// - Throws: `CancellationError`, or `SimilarityError` for invalid rows if they are to be rejected.
    func run<Sink: TileSink>(
        makeSink: @escaping @Sendable (_ queryCount: Int) -> Sink
    ) throws -> (sinks: [Sink], counters: RunCounters) {
        let blocks = stride(from: 0, to: queries.rowCount, by: plan.queries).map {
            $0..<min($0 + plan.queries, queries.rowCount)
        }
        let segmentRows = plan.rows * plan.tilesPerSegment
        let segmentCounts = blocks.map { (corpus.rowCount - firstRow(of: $0) + segmentRows - 1) / segmentRows }
        let segmentTotal = segmentCounts.reduce(0, +)
        let control = try WalkControl(options, segmentCount: segmentTotal, pairCount: pairCount)
        if segmentTotal == 0 { try rejectInvalidRows() }
        let engine = engine
        let schedule = Mutex(
            WalkSchedule<Sink>(segmentCounts: segmentCounts) { block in
                .init(block: block, sink: makeSink(blocks[block].count), counters: RunCounters(engine: engine))
            }
        )
        let workers = options.workers.useful(
            queryCount: queries.rowCount,
            rowCount: corpus.rowCount,
            depth: queries.dimension
        )
        try SimilarityError.requireRoom(
            engine.kernels(at: options.level).gemm,
            threads: min(workers, max(segmentTotal, 1))
        )
        runWorkers(min(workers, max(segmentTotal, 1))) { worker in
            var scratch = Scratch()
            while !control.isStopped(worker: worker), let taken = schedule.withLock({ $0.next() }) {
                var baton = taken.baton
                let keptBefore = baton.sink.keptPairs
                let start = firstRow(of: blocks[baton.block]) + taken.segment * segmentRows
                let rows = start..<min(start + segmentRows, corpus.rowCount)
                let isValid = walk(rows, of: blocks[baton.block], with: &baton, &scratch) {
                    control.isStopped(worker: worker)
                }
                let keptHere = baton.sink.keptPairs - keptBefore
                schedule.withLock { $0.giveBack(baton) }
                control.keep(keptHere)
                if !isValid { control.foundInvalidRow() }
                control.finishSegment()
            }
        }
        try control.end(rejectInvalidRows: rejectInvalidRows)
        return schedule.withLock { $0 }.results(engine: engine)
    }

    /// What a worker owns.
    private struct Scratch: ~Copyable {
        var queries = RowTile()
        var corpus = RowTile()
        var tile = ScoreTile()
        /// Columns of the tile that have no score with anything, ascending; nearly always none.
        var excludedColumns: [Int] = []
    }

    private func firstRow(of block: Range<Int>) -> Int { pairing == .triangle ? block.lowerBound : 0 }

    /// Walks one segment of one block; returns false if it met an invalid row that is to be rejected.
    private func walk<Sink: TileSink>(
        _ rows: Range<Int>,
        of block: Range<Int>,
        with baton: inout WalkSchedule<Sink>.Baton,
        _ scratch: inout Scratch,
        isCancelled: () -> Bool
    ) -> Bool {
        let kernels = engine.kernels(at: options.level)
        let bound = FilterBound(metric: metric, dimension: queries.dimension)
        scratch.queries.load(block, of: queries, level: kernels.level)
        guard isAcceptable(scratch.queries) else { return false }
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: plan.rows) {
            if isCancelled() { return true }
            let tileRows = start..<min(start + plan.rows, rows.upperBound)
            if engine == .reference {
                scratch.corpus.load(tileRows, of: corpus, level: kernels.level)
            } else {
                scratch.tile.multiply(
                    scratch.queries,
                    &scratch.corpus,
                    loading: tileRows,
                    of: corpus,
                    gemm: kernels.gemm,
                    level: kernels.level
                )
            }
            guard isAcceptable(scratch.corpus) else { return false }
            if engine == .reference {
                decideAll(scratch, &baton)
            } else {
                bound.fill(&scratch.tile, for: scratch.corpus)
                findExcludedColumns(&scratch)
                decideSurvivors(&scratch, bound, &baton)
            }
        }
        return true
    }

    /// The filter and the verdict of one tile.
    private func decideSurvivors<Sink: TileSink>(
        _ scratch: inout Scratch,
        _ bound: FilterBound,
        _ baton: inout WalkSchedule<Sink>.Baton
    ) {
        let level = engine.kernels(at: options.level).level
        let (queryRows, rows) = (scratch.queries.rows, scratch.corpus.rows)
        for i in 0..<queryRows.count {
            let query = queryRows.lowerBound + i
            let norm = scratch.queries.norm(at: i)
            let first = firstColumn(forQuery: query, in: rows)
            if first >= rows.count || metric.excludes(norm: norm) { continue }
            var cut = baton.sink.cut(for: i)
            var terms = bound.query(norm: norm, cut: cut)
            var verdicts = 0
            var start = first
            if cut == -.infinity, Sink.cutsMove, baton.sink.keepsOne,
                // Of unit vectors and the like this is the best one; of others it is a guess, and none is needed.
                let j = scratch.tile.likeliest(i, first..<rows.count, slope: metric == .cosine ? Float(norm / 2) : 0),
                isPair(query, rows.lowerBound + j, norm: scratch.corpus.norm(at: j))
            {
                baton.sink.offer(
                    query: i,
                    row: rows.lowerBound + j,
                    score: metric.verdict(scratch.queries, i, scratch.corpus, j, level: level)
                )
                cut = baton.sink.cut(for: i)
                terms = bound.query(norm: norm, cut: cut)
            }
            // While there is no cut everything survives, so a cold start scans a little and doubles.
            var length = cut == -.infinity ? 64 : rows.count
            while start < rows.count {
                let columns = start..<min(start + length, rows.count)
                let survivorCount = scratch.tile.scan(i, columns, slope: terms.slope, base: terms.base, level: level)
                for s in 0..<survivorCount {
                    let j = scratch.tile.survivor(s)
                    // The cut may have moved since the scan.
                    guard scratch.tile.survives(i, j, slope: terms.slope, base: terms.base) else { continue }
                    guard isPair(query, rows.lowerBound + j, norm: scratch.corpus.norm(at: j)) else {
                        continue
                    }
                    let score = metric.verdict(scratch.queries, i, scratch.corpus, j, level: level)
                    verdicts += 1
                    baton.sink.offer(query: i, row: rows.lowerBound + j, score: score)
                    let newCut = baton.sink.cut(for: i)
                    if newCut != cut {
                        cut = newCut
                        terms = bound.query(norm: norm, cut: cut)
                    }
                }
                start = columns.upperBound
                length *= 2
            }
            let pairs = rows.count - first
            // The query has a score, so its own row is not among the excluded ones.
            let own = pairing == .exceptSelf && rows.contains(query) ? 1 : 0
            let excluded = own + scratch.excludedColumns.count { $0 >= first }
            baton.counters.pairs += pairs
            baton.counters.verdicts += verdicts
            baton.counters.filtered += pairs - verdicts - excluded
        }
    }

    private func findExcludedColumns(_ scratch: inout Scratch) {
        scratch.excludedColumns.removeAll(keepingCapacity: true)
        for j in 0..<scratch.corpus.rows.count where metric.excludes(norm: scratch.corpus.norm(at: j)) {
            scratch.excludedColumns.append(j)
        }
    }

    /// A verdict for every pair of the tile.
    private func decideAll<Sink: TileSink>(_ scratch: borrowing Scratch, _ baton: inout WalkSchedule<Sink>.Baton) {
        let (queryRows, rows) = (scratch.queries.rows, scratch.corpus.rows)
        for i in 0..<queryRows.count {
            let query = queryRows.lowerBound + i
            let first = firstColumn(forQuery: query, in: rows)
            if first >= rows.count || metric.excludes(norm: scratch.queries.norm(at: i)) { continue }
            for j in first..<rows.count {
                baton.counters.pairs += 1
                let row = rows.lowerBound + j
                guard isPair(query, row, norm: scratch.corpus.norm(at: j)) else { continue }
                baton.counters.verdicts += 1
                let score = metric.verdict(scratch.queries, i, scratch.corpus, j, level: .reference)
                baton.sink.offer(query: i, row: row, score: score)
            }
        }
    }

    @inline(__always)
    private func firstColumn(forQuery query: Int, in rows: Range<Int>) -> Int {
        pairing == .triangle ? max(0, query + 1 - rows.lowerBound) : 0
    }

    @inline(__always)
    private func isPair(_ query: Int, _ row: Int, norm: Double) -> Bool {
        !metric.excludes(norm: norm) && !(pairing == .exceptSelf && query == row)
    }

    private func isAcceptable(_ tile: borrowing RowTile) -> Bool {
        options.invalidRows == .skip || tile.isValid
    }

    /// Counts the invalid rows of both sides, if they are to be rejected, and throws the error that names them.
    func rejectInvalidRows() throws {
        if options.invalidRows == .reject { try InvalidRowCheck.reject(queries, corpus, options: options) }
    }
}
