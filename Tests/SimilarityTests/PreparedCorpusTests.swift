// SPDX-License-Identifier: Apache-2.0

import Similarity
import SimilarityKernels
import Synchronization
import System
import Testing
import VectorTestSupport

/// A corpus that is prepared once and used for everything, and the plan behind the engine `auto`.
@Suite struct PreparedCorpusTests {
    /// Rows whose energy falls off along the coordinates, as that of embeddings does along their principal directions.
    private static func rows(_ count: Int, _ dimension: Int, decay: Float, seed: UInt64) -> VectorMatrix {
        var random = SplitMix64(seed: seed)
        var values: [Float] = []
        values.reserveCapacity(count * dimension)
        for _ in 0..<count {
            var scale: Float = 1
            for _ in 0..<dimension {
                let uniform = Float(random.next() >> 40) / Float(1 << 24)
                values.append((uniform - 0.5) * scale)
                scale *= decay
            }
        }
        return VectorMatrix(rowCount: count, dimension: dimension, values: values)
    }

    private static let rowCount = 2500

    @Test(arguments: Metric.allCases)
    func `one preparation serves searches, joins and self-joins, byte for byte`(metric: Metric) throws {
        let corpus = Self.rows(Self.rowCount, 48, decay: 0.9, seed: 1)
        let queries = Self.rows(700, 48, decay: 0.9, seed: 2)
        let prepared = try PreparedCorpus(corpus, metric: metric)
        #expect(prepared.codeByteCount < Self.rowCount * 48 * 4)
        let reference = RunOptions(engine: .reference)
        let nearest = try corpus.nearest(to: queries, k: 7, metric: metric, options: reference)
        let threshold = nearest.scores[6]
        let pairs = try queries.join(corpus, threshold: threshold, metric: metric, options: reference).pairs
        let ownPairs = try corpus.selfJoin(threshold: threshold, metric: metric, options: reference).pairs
        for workers in 1...8 {
            let options = RunOptions(workers: Workers(count: workers))
            let found = try prepared.nearest(to: queries, k: 7, options: options)
            #expect(found.rows == nearest.rows && found.scores == nearest.scores)
            #expect(found.counters.engine == .bounded && found.counters.pairs == Self.rowCount * 700)
            // The filter does its work: verdicts for a small share of the pairs.
            #expect(found.counters.verdicts < found.counters.pairs / 20)
            #expect(found.counters.filtered + found.counters.verdicts == found.counters.pairs)
            #expect(try prepared.join(from: queries, threshold: threshold, options: options).pairs == pairs)
            let own = try prepared.selfJoin(threshold: threshold, options: options)
            #expect(own.pairs == ownPairs)
            #expect(own.counters.pairs == Self.rowCount * (Self.rowCount - 1) / 2)
        }
    }

    @Test func `an engine that is asked for compares the rows of a prepared corpus`() throws {
        let corpus = Self.rows(300, 40, decay: 0.9, seed: 8)
        let prepared = try PreparedCorpus(corpus)
        for engine in Engine.available {
            let options = RunOptions(engine: engine)
            let found = try prepared.nearest(to: corpus, k: 3, excludingSelf: true, options: options)
            #expect(found.counters.engine == engine && found.rows.count == 900)
            #expect(try prepared.selfJoin(threshold: 0.5, options: options).counters.engine == engine)
            #expect(try prepared.join(from: corpus, threshold: 0.5, options: options).counters.engine == engine)
        }
    }

    @Test func `queries find the same alone as in company`() throws {
        let corpus = Self.rows(6000, 40, decay: 0.9, seed: 3)
        let queries = Self.rows(9, 40, decay: 0.9, seed: 4)
        let prepared = try PreparedCorpus(corpus)
        let together = try prepared.nearest(to: queries, k: 5)
        for query in 0..<queries.rowCount {
            let alone = try prepared.nearest(to: VectorMatrix(rows: [queries[query]]), k: 5)
            #expect(alone[0] == together[query])
        }
    }

    private static func plan(
        _ corpus: VectorMatrix,
        queries: VectorMatrix? = nil,
        engine: Engine = .auto,
        level: KernelLevel = .current
    ) throws -> (engine: Engine, lines: [String]) {
        let lines = Mutex<[String]>([])
        var options = RunOptions(engine: engine)
        // Costs as the table of the level has them: what a plan says must not depend on what else the machine does.
        options.level = level
        options.speed = KernelSpeed(table: level)
        options.plan = { plan in lines.withLock { $0 += plan.lines } }
        let found = try corpus.nearest(to: queries ?? corpus, k: 3, excludingSelf: true, options: options)
        return (found.counters.engine, lines.withLock { $0 })
    }

    @Test func `auto takes the bounded engine where it pays and says what it saw`() throws {
        let corpus = Self.rows(8000, 320, decay: 0.985, seed: 5)
        for level in KernelLevel.available.suffix(2) {
            let (engine, lines) = try Self.plan(corpus, level: level)
            #expect(engine == .bounded, "\(level): \(lines)")
            #expect(lines.contains { $0.contains("not rotated") } && lines.last?.hasPrefix("chosen: bounded") == true)
            // The same rows elsewhere are looked at for their own sake alone: twice the work, for which a rotation is thought of.
            let other = try Self.plan(corpus, queries: corpus.selecting(Array(0..<8000)), level: level)
            #expect(
                other.engine == .bounded && other.lines.contains { $0.hasPrefix("bounded, prefix") },
                "\(other.lines)"
            )
        }
    }

    @Test func `an engine that is asked for is planned, not replaced`() throws {
        let (engine, lines) = try Self.plan(Self.rows(8000, 320, decay: 0.985, seed: 5), engine: .bounded)
        #expect(engine == .bounded && lines.last?.hasPrefix("chosen: bounded") == true)
        #expect(try Self.plan(Self.rows(300, 64, decay: 0.9, seed: 6), engine: .bounded).engine == .bounded)
    }

    @Test func `the speed of the kernels is measured and is one of a machine`() {
        let measured = KernelSpeed.measured
        // From 0.2 GFLOP/s, which no machine is below, to more than any core has.
        for nanoseconds in [measured.own, measured.openBLAS ?? measured.own, measured.costs.code] {
            #expect(nanoseconds > 0.0001 && nanoseconds < 10, "\(nanoseconds)")
        }
        #expect([.blas, .simd].contains(measured.plainEngine))
        #expect(KernelSpeed(table: .baseline).plainEngine == .simd)
    }

    @Test func `auto leaves small jobs to the floats`() throws {
        let (engine, lines) = try Self.plan(Self.rows(300, 64, decay: 0.9, seed: 6))
        #expect(engine == Engine.fallback && lines.last?.contains("small job") == true)
    }

    @Test func `dimensions that no code is made for are compared all the same`() throws {
        let corpus = Self.rows(6, 20_000, decay: 1, seed: 7)
        let found = try corpus.nearest(to: corpus, k: 2, options: RunOptions(engine: .bounded))
        let expected = try corpus.nearest(to: corpus, k: 2, options: RunOptions(engine: .reference))
        #expect(found.rows == expected.rows && found.scores == expected.scores)
        #expect(throws: SimilarityError.self) { try PreparedCorpus(corpus) }
    }
}
