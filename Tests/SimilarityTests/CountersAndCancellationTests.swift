// SPDX-License-Identifier: Apache-2.0
//
// Counters add up: pairs = filtered + verdicts + excluded, where excluded are zero rows, skipped rows and a query's own
// row, counted here by the oracle. Cancellation: by a flag set before or on the way (from the progress closure, so
// without any timing), and by the calling task; promptness is measured in verdict-free terms: tiles that ran afterwards.

import Similarity
import Synchronization
import Testing
import VectorTestSupport

@Suite struct CountersTests {
    @Test("pairs are filtered, decided or excluded", arguments: Engine.available, Metric.allCases)
    func sums(engine: Engine, metric: Metric) throws {
        var rows = embeddingLikeRows(count: 220, dimension: 30, seed: 61)
        for place in [4, 100, 219] { rows[place] = Array(repeating: 0, count: 30) }
        for place in [7, 101] { rows[place][2] = .nan }
        let oracle = ScoreOracle(metric: metric, queries: rows, corpus: rows)
        let matrix = VectorMatrix(rows: rows)
        let valid = oracle.join(threshold: metric == .euclidean ? .infinity : -.infinity, triangle: false)
        let scoring = valid.filter { !$0.isEmpty }.count  // queries that have scores, and rows that have
        for plan in Way.plans {
            var options = RunOptions(engine: engine, invalidRows: .skip)
            options.tilePlan = plan
            let search = try matrix.nearest(to: matrix, k: 3, metric: metric, options: options).counters
            #expect(search.pairs == scoring * 220)
            #expect(
                search.pairs - search.filtered - search.verdicts == scoring * (220 - scoring),
                "excluded, \(plan?.description ?? "planned")"
            )
            let alone = try matrix.nearest(to: matrix, k: 3, metric: metric, excludingSelf: true, options: options)
                .counters
            #expect(alone.pairs - alone.filtered - alone.verdicts == scoring * (221 - scoring), "excluded and self")
            let threshold: Float = metric == .euclidean ? 1 : metric == .dot ? 30 : 0.9
            let join = try matrix.selfJoin(threshold: threshold, metric: metric, options: options).counters
            #expect(join.filtered + join.verdicts <= join.pairs && join.engine == engine)
            if engine == .reference { #expect(search.filtered == 0 && search.verdicts == scoring * scoring) }
            if engine != .reference { #expect(search.verdicts < search.pairs / 4 && join.verdicts < join.pairs / 4) }
        }
    }
}

@Suite struct CancellationTests {
    private static let matrix = VectorMatrix(rows: embeddingLikeRows(count: 600, dimension: 32, seed: 71))

    private static func operations(_ options: RunOptions) -> [(String, () throws -> Void)] {
        [
            ("search", { _ = try matrix.nearest(to: matrix, k: 3, options: options) }),
            ("join", { _ = try matrix.selfJoin(threshold: 0.9, options: options) }),
            ("two-sided join", { _ = try matrix.join(matrix, threshold: 0.9, options: options) }),
            ("matrix", { _ = try matrix.similarityMatrix(options: options) }),
        ]
    }

    private static func options(_ engine: Engine, workers: Int = 3) -> RunOptions {
        var options = RunOptions(engine: engine, workers: Workers(count: workers))
        options.tilePlan = TilePlan(queries: 16, rows: 16, tilesPerSegment: 2)
        return options
    }

    @Test("a flag set before the start stops every operation", arguments: Engine.available)
    func before(engine: Engine) {
        var options = Self.options(engine)
        let flag = CancellationFlag()
        let steps = Mutex(0)
        options.cancellation = flag
        options.progress = { _ in steps.withLock { $0 += 1 } }
        flag.cancel()
        for (name, operation) in Self.operations(options) {
            #expect(throws: CancellationError.self, "\(name)") { try operation() }
        }
        #expect(throws: CancellationError.self) { try Self.matrix.statistics(cancellation: flag) }
        #expect(steps.withLock { $0 } <= 3 * 3, "at most the segment that each worker had in hand")
    }

    @Test("a flag set on the way stops the walk within a segment a worker", arguments: Engine.available, [1, 2, 5])
    func during(engine: Engine, workers: Int) {
        for operation in 0..<3 {
            var options = Self.options(engine, workers: workers)
            let flag = CancellationFlag()
            let steps = Mutex(0)
            options.cancellation = flag
            options.progress = { _ in
                steps.withLock { $0 += 1 }
                flag.cancel()
            }
            #expect(throws: CancellationError.self) { try Self.operations(options)[operation].1() }
            #expect(steps.withLock { $0 } <= 1 + workers)
        }
    }

    @Test("a cancelled task stops every operation", arguments: Engine.available, [1, 3])
    func task(engine: Engine, workers: Int) async {
        for index in 0..<4 {
            let stopped = await Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                do {
                    try Self.operations(Self.options(engine, workers: workers))[index].1()
                    return false
                } catch {
                    return error is CancellationError
                }
            }.value
            #expect(stopped, "operation \(index)")
        }
    }

    @Test("progress grows and ends at 1", arguments: [1, 3])
    func progress(workers: Int) throws {
        let seen = Mutex<[RunProgress]>([])
        var options = Self.options(.auto, workers: workers)
        options.progress = { progress in seen.withLock { $0.append(progress) } }
        _ = try Self.matrix.nearest(to: Self.matrix, k: 1, options: options)
        let told = seen.withLock { $0 }
        let pairs = Self.matrix.rowCount * Self.matrix.rowCount
        #expect(told.allSatisfy { $0.unit == .pairs && $0.total == pairs && $0.completed > 0 })
        #expect(told.last?.fraction == 1)
        #expect(zip(told, told.dropFirst()).allSatisfy { $0.completed < $1.completed }, "numbers grow")
    }

    @Test func `what an engine is called is what it is, and one that is not in this build is refused`() throws {
        #expect(Engine.all.allSatisfy { Engine(name: $0.name) == $0 } && Engine(name: "quick") == nil)
        for engine in Engine.all where engine != .auto && !Engine.available.contains(engine) {
            for (name, operation) in Self.operations(RunOptions(engine: engine)) where name != "statistics" {
                let error = #expect(throws: SimilarityError.self, "\(name)") { try operation() }
                #expect(error?.code == .noEngine && error?.description.contains("'\(engine)'") == true)
            }
        }
    }
}
