// SPDX-License-Identifier: Apache-2.0
//
// Search is sort-then-prefix: rows and the bits of scores equal the oracle's, for every engine, tile plan and number of
// workers. Two inputs large enough (4 million multiply-adds) that workers really run, one of exact ties and one of
// rounded values; then many small shapes around tile edges, dimensions around vector widths, k from 0 to beyond n. No
// tolerance anywhere. Out of scope: file formats, the `auto` engine's choice.

import Similarity
import SimilarityKernels
import Synchronization
import Testing
import VectorTestSupport

@Suite struct SearchTests {
    private static let tied = clusteredRows(count: 800, dimension: 17, seed: 1)
    private static let rounded = embeddingLikeRows(count: 700, dimension: 24, seed: 2)

    @Test("every engine, tile plan and number of workers gives the oracle's bytes", arguments: Metric.allCases)
    func allWays(metric: Metric) throws {
        for (name, rows) in [("tied", Self.tied), ("rounded", Self.rounded)] {
            let (queries, corpus) = (Array(rows.prefix(300)), rows)
            let expected = ScoreOracle(metric: metric, queries: queries, corpus: corpus).nearest(k: 9)
            let (q, x) = (VectorMatrix(rows: queries), VectorMatrix(rows: corpus))
            for way in Way.all {
                let found = try x.nearest(to: q, k: 9, metric: metric, options: way.options)
                #expect(found.entries == expected, "\(name), \(way)")
                let (counters, pairs) = (found.counters, found.counters.filtered + found.counters.verdicts)
                #expect(counters.engine == way.engine && pairs <= counters.pairs)
            }
        }
    }

    @Test("a search without self equals the oracle's", arguments: Metric.allCases)
    func exceptSelf(metric: Metric) throws {
        let rows = Array(Self.tied.prefix(520))
        let expected = ScoreOracle(metric: metric, queries: rows, corpus: rows).nearest(k: 5, excludingSelf: true)
        let matrix = VectorMatrix(rows: rows)
        for way in Way.all {
            let found = try matrix.nearest(to: matrix, k: 5, metric: metric, excludingSelf: true, options: way.options)
            #expect(found.entries == expected, "\(way)")
        }
        let one = VectorMatrix(rows: [[1, 2]])
        #expect(try one.nearest(to: one, k: 3, metric: metric, excludingSelf: true).entries == [[]])
    }

    @Test("slices of a corpus whose codes do not fit the memory give the whole's bytes", arguments: Metric.allCases)
    func slices(metric: Metric) throws {
        // Ties across slices, and the queries themselves in several of them.
        let rows = clusteredRows(count: 17_000, dimension: 9, seed: 5)
        let corpus = VectorMatrix(rows: rows + rows.prefix(9000) + rows.prefix(16_000))
        let queries = VectorMatrix(rows: Array(rows.prefix(40)))
        var options = RunOptions()
        options.memoryLimit = 1
        for k in [1, 12] {
            let whole = try corpus.nearest(to: queries, k: k, metric: metric)
            var said: [String] { lines.withLock { $0 } }
            let lines = Mutex<[String]>([])
            let slices = Mutex<[Int]>([])
            options.plan = { plan in
                lines.withLock { $0 += plan.lines }
                slices.withLock { $0.append(plan.sliceCount) }
            }
            let sliced = try corpus.nearest(to: queries, k: k, metric: metric, options: options)
            #expect(sliced.entries == whole.entries && sliced.k == whole.k)
            #expect(said.contains { $0.contains("in 3 slices") } && slices.withLock { $0 } == [3])
            #expect(sliced.counters.pairs == whole.counters.pairs)
        }
        let small = VectorMatrix(rows: Array(rows.prefix(16_500)))
        let whole = try small.nearest(to: small, k: 2, metric: metric, excludingSelf: true)
        let sliced = try small.nearest(to: small, k: 2, metric: metric, excludingSelf: true, options: options)
        #expect(sliced.rows == whole.rows && sliced.scores == whole.scores && sliced.offsets == whole.offsets)
    }

    @Test(
        "a prefilter that lets every row through is exact, and fewer give the best of the candidates",
        arguments: Metric.allCases
    )
    func prefilter(metric: Metric) throws {
        let rows =
            clusteredRows(count: 150, dimension: 29, seed: 7) + embeddingLikeRows(count: 150, dimension: 29, seed: 8)
        let corpus = VectorMatrix(rows: rows)
        let signs = SignPrefilter(corpus.signBits())
        let exact = try corpus.nearest(to: corpus, k: 6, metric: metric, excludingSelf: true)
        let all = try corpus.nearest(
            to: corpus,
            k: 6,
            metric: metric,
            among: signs,
            candidateCount: 300,
            excludingSelf: true
        )
        #expect(all.entries == exact.entries)
        func distance(_ a: [Float], _ b: [Float]) -> Int { zip(a, b).count { ($0 > 0) != ($1 > 0) } }
        for level in KernelLevel.available {
            var options = RunOptions(workers: Workers(count: 3))
            options.level = level
            let told = Mutex<[Int]>([])
            options.progress = { progress in told.withLock { $0.append(progress.completed) } }
            let found = try corpus.nearest(
                to: corpus,
                k: 6,
                metric: metric,
                among: signs,
                candidateCount: 40,
                excludingSelf: false,
                options: options
            )
            #expect(told.withLock { $0 } == (1...19).map { Int(Double($0) / 19 * 90_000) }, "sixteen queries at a time")
            for query in stride(from: 0, to: 300, by: 17) {
                let order = rows.indices.sorted {
                    (distance(rows[query], rows[$0]), $0) < (distance(rows[query], rows[$1]), $1)
                }
                let candidates = Set(order.prefix(40))
                let ranked = ScoreOracle(metric: metric, queries: [rows[query]], corpus: rows).nearest(k: 300)[0]
                let best = ranked.filter { candidates.contains($0.row) }.prefix(6)
                #expect(found[query].map(\.row) == best.map(\.row) && found[query].map(\.score) == best.map(\.score))
            }
        }
    }

    @Test("an invalid row of a later slice is named by its own number")
    func invalidRowOfASlice() throws {
        var rows = [[Float]](repeating: [1, 2], count: 40_000)
        rows[39_000][1] = .nan
        var options = RunOptions()
        options.memoryLimit = 1
        let corpus = VectorMatrix(rows: rows)
        let error = #expect(throws: SimilarityError.self) {
            try corpus.nearest(to: VectorMatrix(rows: [[1, 1]]), k: 1, options: options)
        }
        #expect(error?.description.contains("39000") == true, "\(error?.description ?? "")")
    }

    @Test(
        "every dimension around a vector width is right",
        arguments: Engine.available,
        [1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33]
    )
    func dimensions(engine: Engine, dimension: Int) throws {
        for metric in Metric.allCases {
            let rows =
                clusteredRows(count: 60, dimension: dimension, seed: UInt64(dimension))
                + embeddingLikeRows(count: 60, dimension: dimension, seed: 4)
            let expected = ScoreOracle(metric: metric, queries: rows, corpus: rows).nearest(k: 7)
            let matrix = VectorMatrix(rows: rows)
            let found = try matrix.nearest(to: matrix, k: 7, metric: metric, options: RunOptions(engine: engine))
            #expect(found.entries == expected, "\(metric)")
        }
    }

    @Test("shapes around the tile's edges, and every k", arguments: Engine.available, [(5, 7, 2), (1, 1, 3)])
    func shapes(engine: Engine, tile: (Int, Int, Int)) throws {
        let rows = clusteredRows(count: 30, dimension: 5, seed: 6)
        var options = RunOptions(engine: engine)
        options.tilePlan = TilePlan(queries: tile.0, rows: tile.1, tilesPerSegment: tile.2)
        for m in [0, 1, 2, 3, 4, 5, 6, 9, 10, 11] {
            for n in [0, 1, 6, 7, 8, 13, 14, 15, 29] {
                let queries = Array(rows.suffix(m)), corpus = Array(rows.prefix(n))
                let q = VectorMatrix(rowCount: m, dimension: 5, values: Array(queries.joined()))
                let x = VectorMatrix(rowCount: n, dimension: 5, values: Array(corpus.joined()))
                for k in [0, 1, n, n + 1] {
                    let expected = ScoreOracle(metric: .cosine, queries: queries, corpus: corpus).nearest(k: k)
                    let found = try x.nearest(to: q, k: k, options: options)
                    #expect(found.entries == expected, "\(m) queries, \(n) rows, k = \(k)")
                    #expect(found.count == m && found.offsets.last == found.rows.count)
                }
            }
        }
    }

    @Test("rows that are all equal rank by their number", arguments: Engine.available)
    func allEqual(engine: Engine) throws {
        for row in [[Float](repeating: 0.3, count: 33), [Float](repeating: -1, count: 8)] {
            let matrix = VectorMatrix(rows: Array(repeating: row, count: 50))
            for metric in Metric.allCases {
                let found = try matrix.nearest(to: matrix, k: 50, metric: metric, options: RunOptions(engine: engine))
                for query in 0..<50 { #expect(found[query].map(\.row) == Array(0..<50)) }
            }
        }
    }

    @Test("zero rows have no cosine, but a dot product and a distance", arguments: Engine.available)
    func zeros(engine: Engine) throws {
        let rows: [[Float]] = [[0, -0.0], [1, 0], [-0.0, 0], [0, 2]]
        let matrix = VectorMatrix(rows: rows)
        for metric in Metric.allCases {
            let found = try matrix.nearest(to: matrix, k: 4, metric: metric, options: RunOptions(engine: engine))
            #expect(found.entries == ScoreOracle(metric: metric, queries: rows, corpus: rows).nearest(k: 4))
            if metric == .cosine { #expect(found[0].isEmpty && found[1].map(\.row) == [1, 3]) }
        }
    }

    @Test("different dimensions are an error that names both")
    func mismatch() throws {
        let error = #expect(throws: SimilarityError.self) {
            try VectorMatrix(rows: [[1, 2]]).nearest(to: VectorMatrix(rows: [[1, 2, 3]]), k: 1)
        }
        #expect(error?.code == .dimensionMismatch)
        #expect(error?.description.contains("2") == true && error?.description.contains("3") == true)
    }

    @Test(
        "element types give the bytes of the same values as floats",
        arguments: Engine.available,
        ElementType.allCases
    )
    func elementTypes(engine: Engine, type: ElementType) throws {
        var random = SplitMix64(seed: 12)
        let rows = (0..<300).map { _ in
            (0..<19).map { _ in Float(random.below(type == .uint8 ? 256 : 200) - (type == .uint8 ? 0 : 100)) }
        }
        let floats = VectorMatrix(rows: rows)
        for byteOffset in [0, 1] {
            let typed = VectorMatrix(storage: try packedRows(rows, as: type, byteOffset: byteOffset))
            for metric in Metric.allCases {
                for plan in Way.plans {
                    var options = RunOptions(engine: engine)
                    options.tilePlan = plan
                    let expected = try floats.nearest(to: floats, k: 4, metric: metric)
                    let found = try typed.nearest(to: typed, k: 4, metric: metric, options: options)
                    #expect(found.entries == expected.entries)
                    #expect(
                        try typed.nearest(to: floats, k: 4, metric: metric, options: options).entries
                            == expected.entries
                    )
                }
            }
        }
    }
}
