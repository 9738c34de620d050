// SPDX-License-Identifier: Apache-2.0
//
// Layouts: the same bytes at any number of workers, neighbors kept together, and inputs with nothing to lay out. Hard negatives against
// the rules in plain loops. The order of a matrix.

import Similarity
import Testing
import VectorTestSupport

@Suite struct LayoutAndMiningTests {
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
                // Positives and their copies have no rank.
                let others = oracle[query].filter { other in
                    !own.contains(other.row) && !own.contains { corpus[$0] == corpus[other.row] }
                }
                for positive in positives[query] {
                    guard let answer = oracle[query].first(where: { $0.row == positive })?.score else { continue }
                    let sign: Float = metric == .euclidean ? -1 : 1
                    var rows: [Neighbor] = []
                    for (rank, other) in others.enumerated()
                    where mining.ranks.contains(rank) && rows.count < mining.count {
                        let (value, best) = (other.score, answer)
                        if let least = mining.minimumScore, value < least { continue }
                        if let most = mining.maximumScore, value > most { continue }
                        if let margin = mining.absoluteMargin, sign * value > sign * (best - sign * margin) { continue }
                        if let margin = mining.relativeMargin, sign * value > sign * (best - sign * abs(best) * margin)
                        {
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

    @Test
    func
        `copies of a positive are never its negatives, however many there are, and many positives deepen their own search alone`()
        throws
    {
        // Forty copies of the answer, of which one is told; and forty rows of the class of the second answer.
        let answer: [Float] = [1, 0.2, 0]
        let corpus =
            [[Float]](repeating: answer, count: 40) + (0..<40).map { [1, Float($0) / 100, 0.3] }
            + (0..<40).map { [0.2, 1, Float($0) / 50] }
        let queries: [[Float]] = [[1, 0.1, 0], [1, 0, 0], [-1, -1, -0.2]]
        let classes = (0..<120).map { (40..<80).contains($0) ? 40 : $0 }
        var mining = NegativeMining()
        mining.ranks = 0..<5
        mining.count = 5
        let mined = try VectorMatrix(rows: corpus).hardNegatives(
            for: VectorMatrix(rows: queries),
            positives: [[7], [50], Array(0..<100)],
            classes: classes,
            mining: mining
        )
        #expect(mined.count == 102)
        #expect(mined[0].negatives.count == 5 && mined[0].negatives.allSatisfy { $0.row >= 40 })
        #expect(mined[1].negatives.count == 5 && mined[1].negatives.allSatisfy { !(40..<80).contains($0.row) })
        #expect(mined[2...].allSatisfy { $0.negatives.count == 5 && $0.negatives.allSatisfy { $0.row >= 100 } })
    }

    @Test(arguments: [0, 0.05, 0.5] as [Float])
    func `a relative margin lets nothing through that is nearer than the positive, of negative scores either`(
        margin: Float
    ) throws {
        let corpus = (0..<60).map { i in [Float(i - 45) / 15, 1, 0.1] }
        var mining = NegativeMining()
        mining.relativeMargin = margin
        mining.count = 60
        for metric in Metric.allCases {
            let mined = try VectorMatrix(rows: corpus).hardNegatives(
                for: VectorMatrix(rows: [[1, -0.4, 0]]),
                positives: [[2]],
                metric: metric,
                mining: mining
            )
            for entry in mined {
                #expect(entry.negatives.allSatisfy { !metric.isBetter($0.score, than: entry.positive.score) })
            }
        }
    }

    @Test(arguments: [Metric.cosine, .euclidean])
    func `three rows keep their distances, and so does every set that lies in a plane`(metric: Metric) throws {
        var random = SplitMix64(seed: 8)
        for _ in 0..<20 {
            let rows = (0..<3).map { _ in (0..<30).map { _ in Float(random.below(2001)) / 2000 - 0.5 } }
            let matrix = VectorMatrix(rows: rows)
            let places = try matrix.planeLayout(metric: metric)
            func distance(_ a: [Float], _ b: [Float]) -> Double {
                zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }.squareRoot()
            }
            func unit(_ a: [Float]) -> [Float] {
                let norm = distance(a, [Float](repeating: 0, count: a.count))
                return metric == .cosine ? a.map { Float(Double($0) / norm) } : a
            }
            let pairs = [(0, 1), (0, 2), (1, 2)]
            let wanted = pairs.map { distance(unit(rows[$0]), unit(rows[$1])) }
            let found = pairs.map { distance(places[$0], places[$1]) }
            #expect(zip(wanted, found).allSatisfy { abs($0 - $1) < 1e-5 * $0 }, "\(wanted) \(found)")
            #expect(matrix.stress(of: places, metric: metric) < 1e-5)
        }
        let plane = VectorMatrix(rows: (0..<40).map { [3 * Float($0 % 7), Float($0), 2 * Float($0), 0] })
        let kept = plane.stress(of: try plane.planeLayout(metric: .euclidean), metric: .euclidean)
        #expect(kept < 1e-4)
        let spread = VectorMatrix(rows: embeddingLikeRows(count: 30, dimension: 20, seed: 3))
        #expect(spread.stress(of: try spread.planeLayout(), metric: .cosine) > 0.05)
    }

    @Test func `an order of scores that are not symmetric, or not numbers, comes to an end`() {
        var random = SplitMix64(seed: 3)
        for count in [3, 4, 9, 40] {
            for _ in 0..<20 {
                let values = (0..<count * count).map { _ in random.below(9) == 0 ? Float.nan : Float(random.below(5)) }
                let scores = ScoreMatrix(rowCount: count, columnCount: count, values: values, metric: .cosine)
                #expect(scores.clusterOrder().sorted() == Array(0..<count))
            }
        }
        // Each row has the next one for its nearest, round and round.
        let ring = ScoreMatrix(rowCount: 3, columnCount: 3, values: [0, 2, 1, 1, 0, 2, 2, 1, 0], metric: .dot)
        #expect(ring.clusterOrder().sorted() == [0, 1, 2])
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
        let far = distances.clusterOrder()
        #expect(zip(far, far.dropFirst()).count { $0 % 10 != $1 % 10 } == 9)
        for count in 0...3 {
            let rows = VectorMatrix(rowCount: count, dimension: 2, values: [Float](repeating: 1, count: 2 * count))
            #expect(try rows.similarityMatrix().clusterOrder().sorted() == Array(0..<count))
        }
    }
}
