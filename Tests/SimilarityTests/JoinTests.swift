// SPDX-License-Identifier: Apache-2.0
//
// A join is a filter of all pairs: pairs, order and the bits of scores equal the oracle's for every engine, tile plan and
// number of workers. Thresholds: scores that occur (inclusive at exactly the Float), one step above them, 0, negative, -1,
// 1 and 1.5. The inputs of the first test are large enough that workers really run. No tolerance.

import Similarity
import SimilarityKernels
import System
import Testing
import VectorTestSupport

@Suite struct JoinTests {
    private static let tied = clusteredRows(count: 560, dimension: 15, seed: 41)
    private static let rounded = embeddingLikeRows(count: 450, dimension: 21, seed: 42)

    /// A score of the given rank among all pairs of a few rows.
    private static func threshold(_ metric: Metric, _ rows: [[Float]], share: Double) throws -> Float {
        let some = Array(rows.prefix(60))
        let scores = ScoreOracle(metric: metric, queries: some, corpus: some).join(
            threshold: metric == .euclidean ? .infinity : -.infinity,
            triangle: true
        )
        .joined().map(\.score).sorted { metric.isBetter($0, than: $1) }
        return try #require(scores.dropFirst(Int(Double(scores.count) * share)).first)
    }

    @Test("every engine, tile plan and number of workers gives the oracle's pairs", arguments: Metric.allCases)
    func allWays(metric: Metric) throws {
        for rows in [Self.tied, Self.rounded] {
            let matrix = VectorMatrix(rows: rows)
            let threshold = try Self.threshold(metric, rows, share: 0.01)
            let expected = ScoreOracle(metric: metric, queries: rows, corpus: rows).join(
                threshold: threshold,
                triangle: true
            )
            #expect(expected.contains { !$0.isEmpty })
            for way in Way.all {
                let joined = try matrix.selfJoin(threshold: threshold, metric: metric, options: way.options)
                #expect(joined.entries(leftCount: rows.count) == expected, "\(way), threshold \(threshold)")
            }
        }
    }

    @Test("a join of two sides equals the oracle's", arguments: Engine.available, Metric.allCases)
    func twoSides(engine: Engine, metric: Metric) throws {
        let (left, right) = (Array(Self.tied.prefix(70)), Array(Self.tied.suffix(90)))
        let (a, b) = (VectorMatrix(rows: left), VectorMatrix(rows: right))
        let oracle = ScoreOracle(metric: metric, queries: left, corpus: right)
        for share in [0.0, 0.1, 0.5] {
            let threshold = try Self.threshold(metric, Self.tied, share: share)
            for plan in Way.plans + [TilePlan(queries: 1, rows: 1)] {
                var options = RunOptions(engine: engine)
                options.tilePlan = plan
                let joined = try a.join(b, threshold: threshold, metric: metric, options: options)
                #expect(joined.entries(leftCount: 70) == oracle.join(threshold: threshold, triangle: false))
            }
        }
    }

    @Test("the threshold is inclusive at exactly the Float", arguments: Engine.available, Metric.allCases)
    func inclusive(engine: Engine, metric: Metric) throws {
        let rows = Array(Self.rounded.prefix(50))
        let matrix = VectorMatrix(rows: rows)
        let oracle = ScoreOracle(metric: metric, queries: rows, corpus: rows)
        for share in [0.0, 0.001, 0.01, 0.1, 0.3, 0.7, 0.99] {
            let score = try Self.threshold(metric, rows, share: share)
            for threshold in [score, score.nextUp, score.nextDown] where metric != .euclidean || threshold >= 0 {
                let joined = try matrix.selfJoin(
                    threshold: threshold,
                    metric: metric,
                    options: RunOptions(engine: engine)
                )
                #expect(
                    joined.entries(leftCount: 50) == oracle.join(threshold: threshold, triangle: true),
                    "\(threshold)"
                )
            }
        }
    }

    @Test(
        "round thresholds, some beyond all scores",
        arguments: Engine.available,
        [Float](arrayLiteral: 0, -0.0, -0.25, -1, 1, 1.5, -2, 1e30)
    )
    func round(engine: Engine, threshold: Float) throws {
        let rows = Array(Self.tied.prefix(60)) + [[Float](repeating: 0, count: 15)]
        let matrix = VectorMatrix(rows: rows)
        for metric in Metric.allCases where metric != .euclidean || threshold >= 0 {
            let oracle = ScoreOracle(metric: metric, queries: rows, corpus: rows)
            let joined = try matrix.selfJoin(threshold: threshold, metric: metric, options: RunOptions(engine: engine))
            #expect(joined.entries(leftCount: 61) == oracle.join(threshold: threshold, triangle: true), "\(metric)")
            if metric == .cosine, threshold > 1 { #expect(joined.pairs.isEmpty) }
        }
    }

    @Test("a limit of pairs is inclusive, at any number of workers", arguments: Engine.available, [1, 3])
    func limit(engine: Engine, workers: Int) throws {
        let matrix = VectorMatrix(rows: Self.tied)
        var options = RunOptions(engine: engine, workers: Workers(count: workers))
        options.tilePlan = TilePlan(queries: 32, rows: 32, tilesPerSegment: 1)
        let count = try matrix.selfJoin(threshold: 0.9, options: options).pairs.count
        #expect(try matrix.selfJoin(threshold: 0.9, limit: count, options: options).count == count)
        for limit in [count - 1, 1, 0] {
            let error = #expect(throws: SimilarityError.self) {
                try matrix.selfJoin(threshold: 0.9, limit: limit, options: options)
            }
            #expect(error?.code == .tooLarge && error?.description.contains("\(limit)") == true)
        }
    }

    @Test("inputs of no or one row have no pairs", arguments: Engine.available)
    func empty(engine: Engine) throws {
        let none = VectorMatrix(rowCount: 0, dimension: 2, values: [])
        let one = VectorMatrix(rows: [[1, 2]])
        let options = RunOptions(engine: engine)
        #expect(try none.selfJoin(threshold: -1, options: options).pairs.isEmpty)
        #expect(try one.selfJoin(threshold: -1, options: options).pairs.isEmpty)
        #expect(try none.join(one, threshold: -1, options: options).pairs.isEmpty)
        #expect(try one.join(none, threshold: -1, options: options).pairs.isEmpty)
    }

    @Test("rows of the largest dimension, but none of them, have no pairs; a larger one is no storage")
    func claimedDimension() throws {
        func storage(_ dimension: Int) -> RowStorage? {
            RowStorage(
                bytes: SharedBytes(copying: [Float]()),
                elementType: .int8,
                rowCount: 0,
                dimension: dimension,
                byteOffset: 0,
                rowByteStride: dimension
            )
        }
        #expect(storage(RowStorage.dimensionLimit + 1) == nil)
        #expect(storage(.max / 2) == nil)
        let storage = try #require(storage(RowStorage.dimensionLimit))
        let matrix = VectorMatrix(storage: storage)
        #expect(try matrix.selfJoin(threshold: 0).pairs.isEmpty)
        #expect(try matrix.nearest(to: matrix, k: 3).isEmpty)
        #expect(try matrix.similarityMatrix().values.isEmpty)
    }
}
