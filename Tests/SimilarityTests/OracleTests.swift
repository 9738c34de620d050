// SPDX-License-Identifier: Apache-2.0
//
// Results that were not computed by this package: NumPy's float64 cosines of 200 x 20,000 real sentence embeddings
// (WordNet glosses, all-MiniLM-L6-v2, rounded to int8), made by Fixtures/make-oracle.py. The rows must be NumPy's, except
// where two of NumPy's scores lie within one step of `Float`, where ties may fall either way; a score must be within one
// step of NumPy's. Sets this size also show whether a filter filters: fewer than one verdict in a hundred pairs.
//
// The products of int8 values are exact in single precision, so a second pass searches the same rows divided by their
// norms, which are not: there every engine must give the bytes of `reference`.

import Foundation
import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct OracleTests {
    private struct Scored { let query: Int, row: Int, score: Double }

    private static func path(_ name: String) throws -> String {
        try #require(Bundle.module.path(forResource: "Fixtures/" + name, ofType: nil), "the fixture \(name) is missing")
    }

    /// Lines of `query,...,row,score` by NumPy; the first column and the last two are taken.
    private static func scored(_ name: String) throws -> [Scored] {
        try String(contentsOfFile: path(name), encoding: .utf8).split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: ",")
            return Scored(
                query: try #require(Int(fields[0])),
                row: try #require(Int(fields[fields.count - 2])),
                score: try #require(Double(fields[fields.count - 1]))
            )
        }
    }

    private static func isWithinOneStep(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= Double(Float(a).ulp) }

    @Test("the ten nearest glosses are NumPy's", arguments: Engine.available)
    func search(engine: Engine) throws {
        let corpus = try VectorFile.read(Self.path("glosses.corpus.npy"))
        var queries = try VectorFile.read(Self.path("glosses.queries.npy"))
        #expect(corpus.rowCount == 20_000 && corpus.dimension == 384 && queries.rowCount == 200)
        // Plain loops for all 200 queries would take most of a minute.
        if engine == .reference { queries = VectorMatrix(rows: (0..<20).map { queries[$0] }) }
        let numpy = Dictionary(grouping: try Self.scored("top.csv"), by: \.query)
        let found = try corpus.nearest(to: queries, k: 10, options: Self.options(engine))
        for query in 0..<queries.rowCount {
            let expected = try #require(numpy[query])
            #expect(found[query].count == 10 && expected.count == 11)
            for (rank, neighbor) in found[query].enumerated() {
                #expect(
                    Self.isWithinOneStep(expected[rank].score, Double(neighbor.score)),
                    "query \(query), rank \(rank + 1)"
                )
                if neighbor.row == expected[rank].row { continue }
                let twin = expected.first { $0.row == neighbor.row }
                #expect(
                    twin.map { Self.isWithinOneStep($0.score, expected[rank].score) } == true,
                    "query \(query), rank \(rank + 1): row \(neighbor.row), NumPy has \(expected[rank].row)"
                )
            }
        }
        try expectFiltered(found.counters)
    }

    @Test("the pairs of a join are NumPy's", arguments: Engine.available, [Float](arrayLiteral: 0.8, 0.9))
    func join(engine: Engine, threshold: Float) throws {
        let corpus = try VectorFile.read(Self.path("glosses.corpus.npy"))
        var queries = try VectorFile.read(Self.path("glosses.queries.npy"))
        if engine == .reference { queries = VectorMatrix(rows: (0..<50).map { queries[$0] }) }
        let joined = try queries.join(corpus, threshold: threshold, options: Self.options(engine))
        let numpy = try Self.scored("join.csv").filter { $0.query < queries.rowCount }
        expect(joined, numpy, threshold)
        try expectFiltered(joined.counters)
    }

    @Test(
        "the pairs of a self-join are NumPy's",
        arguments: Engine.available.filter { $0 != .reference },
        [Float](arrayLiteral: 0.8, 0.9)
    )
    func selfJoin(engine: Engine, threshold: Float) throws {
        var corpus = try VectorFile.read(Self.path("glosses.corpus.npy"))
        // The Swift kernels take half a minute for all rows; the first 6,000 are a self-join as good.
        if engine == .simd { corpus = VectorMatrix(rows: (0..<6000).map { corpus[$0] }) }
        let joined = try corpus.selfJoin(threshold: threshold, options: Self.options(engine))
        expect(joined, try Self.scored("selfjoin.csv").filter { $0.row < corpus.rowCount }, threshold)
        try expectFiltered(joined.counters)
    }

    private func expect(_ joined: SelfJoin, _ numpy: [Scored], _ threshold: Float) {
        expect(Join(joined), numpy, threshold)
    }

    private func expect(_ joined: Join, _ numpy: [Scored], _ threshold: Float) {
        // A pair whose float64 score lies within a step of the threshold may be on either side of it.
        let near = numpy.filter { Self.isWithinOneStep($0.score, Double(threshold)) }.map { [$0.query, $0.row] }
        let expected = numpy.filter { $0.score >= Double(threshold) }.map { [$0.query, $0.row] }
        let found = joined.pairs.map { [$0.a, $0.b] }
        #expect(found.filter { !near.contains($0) } == expected.filter { !near.contains($0) })
        let scores = Dictionary(uniqueKeysWithValues: numpy.map { ([$0.query, $0.row], $0.score) })
        for pair in joined.pairs {
            #expect(Self.isWithinOneStep(scores[[pair.a, pair.b]] ?? .nan, Double(pair.score)))
        }
    }

    /// Two workers on every machine: the more there are, the more of them begin with cold cuts.
    private static func options(_ engine: Engine) -> RunOptions {
        RunOptions(engine: engine, workers: Workers(count: 2))
    }

    private func expectFiltered(_ counters: RunCounters) throws {
        if counters.engine == .reference { return }
        #expect(counters.verdicts * 100 < counters.pairs, "\(counters.verdicts) verdicts for \(counters.pairs) pairs")
        #expect(counters.pairs == counters.filtered + counters.verdicts, "no row of this set is excluded")
    }

    @Test("real vectors of norm 1 give the same bytes with every engine", arguments: Metric.allCases)
    func normalized(metric: Metric) throws {
        let corpus = try VectorFile.read(Self.path("glosses.corpus.npy"))
        let rows = (0..<3000).map { row in
            let norm = Float(Tolerance.norm(corpus[row][...]))
            return corpus[row].map { $0 / norm }
        }
        let (queries, all) = (VectorMatrix(rows: Array(rows.prefix(100))), VectorMatrix(rows: rows))
        let expected = try all.nearest(to: queries, k: 10, metric: metric, options: RunOptions(engine: .reference))
        let pairs = try queries.join(
            all,
            threshold: metric == .euclidean ? 0.9 : 0.6,
            metric: metric,
            options: RunOptions(engine: .reference)
        )
        for engine in Engine.available {
            let found = try all.nearest(to: queries, k: 10, metric: metric, options: Self.options(engine))
            #expect(found.entries == expected.entries, "\(engine)")
            let joined = try queries.join(
                all,
                threshold: metric == .euclidean ? 0.9 : 0.6,
                metric: metric,
                options: Self.options(engine)
            )
            #expect(joined.pairs == pairs.pairs, "\(engine)")
        }
    }
}
