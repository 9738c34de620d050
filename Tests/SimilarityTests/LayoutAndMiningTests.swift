// SPDX-License-Identifier: Apache-2.0
//
// Layouts: the same bytes at any number of workers, neighbors kept together, and inputs with nothing to lay out. Hard negatives against
// the rules in plain loops. The order of a matrix.

import Similarity
import Testing
import VectorTestSupport

@Suite struct LayoutAndMiningTests {
    init() { BLAS.useOneThread() }

    /// Ten heaps of forty.
    private static let heaps: [[Float]] = {
        var random = SplitMix64(seed: 3)
        let centers = (0..<10).map { _ in (0..<12).map { _ in random.normal() } }
        return (0..<400).map { i in centers[i % 10].map { Float($0 + 0.15 * random.normal()) } }
    }()

    @Test func `neighbors lie together, and a seed gives the same bytes`() throws {
        let matrix = VectorMatrix(rows: Self.heaps)
        var layout = LayoutOptions()
        layout.epochCount = 100
        let plane = try matrix.planeLayout(layout: layout, options: RunOptions(workers: Workers(count: 1)))
        #expect(plane.rowCount == 400 && plane.dimension == 2)
        let again = try matrix.planeLayout(layout: layout, options: RunOptions(workers: Workers(count: 4)))
        for row in 0..<400 { #expect(plane[row].map(\.bitPattern) == again[row].map(\.bitPattern)) }
        layout.seed = 1
        #expect(try matrix.planeLayout(layout: layout)[5] != plane[5])
        // Of the ten nearest points nearly all are of the same heap.
        let near = try plane.nearest(to: plane, k: 10, metric: .euclidean, excludingSelf: true)
        let same = (0..<400).reduce(0) { sum, row in sum + near[row].count { $0.row % 10 == row % 10 } }
        #expect(same > 3900, "\(same) of 4000")
    }

    @Test func `few, equal and zero rows have places too`() throws {
        for rows: [[Float]] in [
            [[1, 2, 3]], [[1, 2], [3, 4]], [[1], [2], [4]], [[Float]](repeating: [1, 2, 3], count: 30),
            [[0, 0], [1, 0], [0, 1], [1, 1]],
        ] {
            for method in LayoutOptions.Method.allCases {
                var layout = LayoutOptions()
                layout.method = method
                layout.epochCount = 30
                let plane = try VectorMatrix(rows: rows).planeLayout(layout: layout)
                #expect(plane.rowCount == rows.count)
                #expect((0..<rows.count).allSatisfy { plane[$0].allSatisfy(\.isFinite) }, "\(rows.count), \(method)")
            }
        }
        #expect(try VectorMatrix(rowCount: 0, dimension: 5, values: []).planeLayout().rowCount == 0)
        #expect(throws: SimilarityError.self) { try VectorMatrix(rows: [[.nan, 1], [1, 1]]).planeLayout() }
    }

    @Test(arguments: Metric.allCases) func `hard negatives are those of the rules`(metric: Metric) throws {
        let corpus = clusteredRows(count: 150, dimension: 6, seed: 2)
        let queries = Array(corpus.prefix(20)) + embeddingLikeRows(count: 10, dimension: 6, seed: 9)
        var random = SplitMix64(seed: 4)
        let positives = queries.indices.map { i in i % 7 == 3 ? [] : (0...(i % 3)).map { _ in random.below(150) } }
        let oracle = ScoreOracle(metric: metric, queries: queries, corpus: corpus).nearest(k: 150)
        let scale: Float = metric == .dot ? 4 : 1
        var minings: [NegativeMining] = [NegativeMining()]
        for change in 0..<5 {
            var mining = NegativeMining()
            mining.count = 4
            mining.ranks = 2..<60
            if change == 1 { mining.minimumScore = 0.2 * scale }
            if change == 2 { mining.maximumScore = 0.9 * scale }
            if change == 3 { mining.absoluteMargin = 0.1 * scale }
            if change == 4 { mining.relativeMargin = 0.05 }
            minings.append(mining)
        }
        for mining in minings {
            let found = try VectorMatrix(rows: corpus).hardNegatives(
                for: VectorMatrix(rows: queries),
                positives: positives,
                metric: metric,
                mining: mining
            )
            var expected: [MinedNegatives] = []
            for query in queries.indices {
                let own = Set(positives[query])
                let others = oracle[query].filter { !own.contains($0.row) }
                for positive in positives[query] {
                    guard let answer = oracle[query].first(where: { $0.row == positive })?.score else { continue }
                    let sign: Float = metric == .euclidean ? -1 : 1
                    var rows: [Neighbor] = []
                    for (rank, other) in others.enumerated()
                    where mining.ranks.contains(rank) && rows.count < mining.count {
                        let (value, best) = (sign * other.score, sign * answer)
                        if let least = mining.minimumScore, value < least { continue }
                        if let most = mining.maximumScore, value > most { continue }
                        if let margin = mining.absoluteMargin, sign * value > sign * (best - sign * margin) { continue }
                        if let margin = mining.relativeMargin, sign * value > sign * (best * (1 - sign * margin)) {
                            continue
                        }
                        rows.append(Neighbor(row: other.row, score: other.score))
                    }
                    if rows.isEmpty { continue }
                    expected.append(
                        MinedNegatives(query: query, positive: Neighbor(row: positive, score: answer), negatives: rows)
                    )
                }
            }
            #expect(found == expected, "\(mining)")
        }
        var drawn = NegativeMining()
        drawn.sampling = .random
        drawn.seed = 2
        let mine = {
            try VectorMatrix(rows: corpus).hardNegatives(
                for: VectorMatrix(rows: queries),
                positives: positives,
                mining: drawn
            )
        }
        #expect(try mine() == mine())
    }

    @Test func `an order puts similar rows together`() throws {
        let matrix = try VectorMatrix(rows: Self.heaps).similarityMatrix()
        let order = matrix.clusterOrder()
        #expect(order.sorted() == Array(0..<400))
        // Ten runs of forty: nine places where the heap changes.
        #expect(zip(order, order.dropFirst()).count { $0 % 10 != $1 % 10 } == 9)
        let ordered = matrix.ordered(by: order)
        #expect(ordered[0, 1] == matrix[order[0], order[1]] && ordered[399, 7] == matrix[order[399], order[7]])
        let distances = try VectorMatrix(rows: Self.heaps).similarityMatrix(metric: .euclidean)
        let far = distances.clusterOrder(areDistances: true)
        #expect(zip(far, far.dropFirst()).count { $0 % 10 != $1 % 10 } == 9)
        for count in 0...3 {
            let rows = VectorMatrix(rowCount: count, dimension: 2, values: [Float](repeating: 1, count: 2 * count))
            #expect(try rows.similarityMatrix().clusterOrder().sorted() == Array(0..<count))
        }
    }
}
