// SPDX-License-Identifier: Apache-2.0
//
// k-means against Lloyd's iterations in plain loops from the same start: the same labels and the same centroids; the same bytes from every
// engine and number of workers. Communities against the rules of sentence-transformers in plain loops.

import Similarity
import Testing
import VectorTestSupport

@Suite struct ClusterTests {
    private static let rows =
        clusteredRows(count: 300, dimension: 9, seed: 4) + embeddingLikeRows(count: 250, dimension: 9, seed: 6)

    private static func similarity(_ a: [Float], _ b: [Float], _ metric: Metric) -> Float {
        ScoreOracle(metric: metric, queries: [a], corpus: [b]).score(0, 0) ?? -.infinity
    }

    /// Lloyd's iterations; nil labels for rows without a score.
    private static func lloyd(
        _ rows: [[Float]],
        from start: [[Float]],
        _ metric: Metric,
        iterations: Int
    ) -> (labels: [Int?], centroids: [[Float]]) {
        var centroids = start
        func assign() -> [Int?] {
            rows.map { row in
                let scores = centroids.map { similarity(row, $0, metric) }
                guard let best = scores.max(), best > -.infinity else { return nil }
                return scores.firstIndex(of: best)
            }
        }
        var labels = assign()
        for _ in 0..<iterations {
            for cluster in centroids.indices {
                var sum = [Double](repeating: 0, count: rows[0].count)
                var count = 0.0
                for (row, label) in zip(rows, labels) where label == cluster {
                    let norm = metric == .cosine ? row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() : 1
                    for i in row.indices { sum[i] += Double(row[i]) * (1 / norm) }
                    count += 1
                }
                if count == 0 { continue }
                let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let scale = 1 / (metric == .cosine ? length : count)
                if length > 0 || metric == .euclidean { centroids[cluster] = sum.map { Float($0 * scale) } }
            }
            labels = assign()
        }
        return (labels, centroids)
    }

    @Test(arguments: [Metric.cosine, .euclidean]) func `labels are those of Lloyd from the same start`(metric: Metric)
        throws
    {
        let matrix = VectorMatrix(rows: Self.rows)
        let start = Array(Self.rows[100..<112])
        var clustering = ClusteringOptions()
        clustering.start = .centroids(VectorMatrix(rows: start))
        clustering.iterationLimit = 4
        clustering.tolerance = 0
        let expected = Self.lloyd(Self.rows, from: start, metric, iterations: 4)
        // A start in which no cluster is ever empty, so that the plain loops need no repair.
        try #require(Set(expected.labels.compactMap { $0 }).count == 12)
        var bytes: [[Float]] = []
        for way in Way.all {
            let found = try matrix.clusters(12, metric: metric, clustering: clustering, options: way.options)
            #expect(found.labels == expected.labels, "\(way)")
            #expect(found.iterationCount == 4 && found.sizes.reduce(0, +) == found.labels.count { $0 != nil })
            bytes.append((0..<12).flatMap { found.centroids[$0] } + found.scores)
            for (a, b) in zip((0..<12).flatMap { found.centroids[$0] }, expected.centroids.joined()) {
                #expect(abs(a - b) <= 1e-6 * max(1, abs(b)))
            }
        }
        #expect(bytes.allSatisfy { zip($0, bytes[0]).allSatisfy { $0.bitPattern == $1.bitPattern } })
    }

    @Test(arguments: [Metric.cosine, .euclidean], [1, 7, 40])
    func `a seed gives the same clusters, and inertia falls`(metric: Metric, count: Int) throws {
        let matrix = VectorMatrix(rows: Self.rows)
        for random in [false, true] {
            var clustering = ClusteringOptions()
            clustering.seed = 9
            if random { clustering.start = .random }
            var last = Double.infinity
            for iterations in [0, 1, 5, 30] {
                clustering.iterationLimit = iterations
                let found = try matrix.clusters(count, metric: metric, clustering: clustering)
                let again = try matrix.clusters(
                    count,
                    metric: metric,
                    clustering: clustering,
                    options: RunOptions(engine: .simd, workers: Workers(count: 1))
                )
                #expect(found.labels == again.labels && found.inertia == again.inertia)
                #expect(found.inertia <= last * (1 + 1e-6) + 1e-9, "\(iterations)")
                #expect(found.count == count && (iterations == 0 || found.sizes.allSatisfy { $0 > 0 }))
                last = found.inertia
                let nearest = found.nearestMembers(3)
                for (cluster, members) in nearest.enumerated() {
                    let all = found.labels.indices.filter { found.labels[$0] == cluster }.map {
                        Neighbor(row: $0, score: found.scores[$0])
                    }
                    #expect(members == Array(all.sorted(by: metric.ranks).prefix(3)))
                }
            }
        }
    }

    @Test func `a sample is enough for the fit, and all rows get labels`() throws {
        let matrix = VectorMatrix(rows: Self.rows)
        var clustering = ClusteringOptions()
        clustering.sampleSize = 100
        let found = try matrix.clusters(5, metric: .euclidean, clustering: clustering)
        #expect(found.labels.count == 550 && found.labels.allSatisfy { $0 != nil })
        clustering.sampleSize = 2
        #expect(try matrix.clusters(5, metric: .euclidean, clustering: clustering).count == 5)
    }

    @Test func `too few distinct rows are refused, and rows without a score have no label`() throws {
        let same = VectorMatrix(rows: [[1, 2], [2, 4], [0, 0], [3, 1]])
        for random in [false, true] {
            var clustering = ClusteringOptions()
            if random { clustering.start = .random }
            let found = try same.clusters(2, clustering: clustering)
            #expect(found.labels[2] == nil && found.labels[0] == found.labels[1] && found.labels[3] != found.labels[0])
            #expect(found.scores[2].isNaN && abs(found.inertia) < 1e-6)
            let error = #expect(throws: SimilarityError.self) { try same.clusters(3, clustering: clustering) }
            #expect(error?.code == .tooFewRows)
        }
        #expect(throws: SimilarityError.self) { try VectorMatrix(rows: [[1, .nan]]).clusters(1) }
        var given = ClusteringOptions()
        given.start = .centroids(VectorMatrix(rows: [[1, 2, 3]]))
        #expect(throws: SimilarityError.self) { try same.clusters(1, clustering: given) }
        #expect(try VectorMatrix(rows: [[5, 5]]).clusters(1).labels == [0])
    }

    @Test(arguments: [1, 3, 10]) func `communities are those of the rules`(minimumSize: Int) throws {
        let rows = Self.rows
        for threshold: Float in [0.6, 0.9, 0.97, 1.5] {
            let joined = try VectorMatrix(rows: rows).selfJoin(threshold: threshold)
            var near = [[(row: Int, score: Float)]](repeating: [], count: rows.count)
            for pair in joined.pairs {
                near[pair.a].append((pair.b, pair.score))
                near[pair.b].append((pair.a, pair.score))
            }
            var candidates: [(center: Int, rows: Set<Int>)] = []
            for row in rows.indices where near[row].count + 1 >= minimumSize {
                candidates.append((row, Set(near[row].map(\.row) + [row])))
            }
            let ordered = candidates.enumerated().sorted {
                (-$0.element.rows.count, $0.offset) < (-$1.element.rows.count, $1.offset)
            }
            var taken: Set<Int> = []
            var expected: [Set<Int>] = []
            for candidate in ordered {
                let rest = candidate.element.rows.subtracting(taken)
                if rest.count < minimumSize { continue }
                taken.formUnion(rest)
                expected.append(rest)
            }
            let sizes = expected.enumerated().sorted { (-$0.element.count, $0.offset) < (-$1.element.count, $1.offset) }
            let found = try joined.communities(minimumSize: minimumSize)
            #expect(found.map { Set($0.rows) } == sizes.map(\.element))
            for community in found {
                let scores = community.members.map(\.score)
                #expect(scores == scores.sorted(by: >) && scores.allSatisfy { $0 >= threshold })
                #expect(community.rows.count == community.size)
                #expect(community.holdsCenter == community.rows.contains(community.center))
            }
        }
    }
}
