// SPDX-License-Identifier: Apache-2.0
//
// Random shapes, metrics, scales, tile plans and worker counts: every engine against the oracle of the test support, which
// shares no code with the package. A hundred rounds in continuous integration, twenty thousand with SIMILE_LONG_TESTS
// (scripts/test --long). A failure names the seed of its round; SIMILE_SEED repeats that one.

import Foundation
import Similarity
import Testing
import VectorTestSupport

@Suite struct RandomSweepTests {
    private static let variables = ProcessInfo.processInfo.environment

    private static var seeds: Range<UInt64> {
        if let seed = variables["SIMILE_SEED"].flatMap({ UInt64($0) }) { return seed..<seed + 1 }
        return 0..<UInt64(TestSize.rounds(100, long: 20_000))
    }

    @Test("search and join are the oracle's for random inputs, with every engine")
    func sweep() throws {
        for seed in Self.seeds { try Self.round(seed) }
    }

    private static func round(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed &* 0x9E37_79B9 &+ 1)
        let dimension = 1 + random.below(70)
        let rows = rows(1 + random.below(90), dimension, &random)
        // Some queries are corpus rows: ties, and distances of zero.
        let queries = self.rows(1 + random.below(12), dimension, &random) + rows.prefix(random.below(3))
        let metric = Metric.allCases[random.below(3)]
        let k = 1 + random.below(rows.count + 3)
        let oracle = ScoreOracle(metric: metric, queries: queries, corpus: rows)
        let nearest = oracle.nearest(k: k)
        // A threshold that is some pair's own score, so that the inclusive end is met.
        let scores = nearest.joined().map(\.score)
        let cut = scores.isEmpty ? 0 : scores[random.below(scores.count)]
        let joined = oracle.join(threshold: cut, triangle: false)
        let (corpus, wanted) = (VectorMatrix(rows: rows), VectorMatrix(rows: queries))
        for engine in Engine.available {
            var options = RunOptions(engine: engine, workers: Workers(count: 1 + random.below(3)))
            options.invalidRows = .skip
            options.tilePlan = TilePlan(
                queries: 1 + random.below(9),
                rows: 1 + random.below(40),
                tilesPerSegment: 1 + random.below(3)
            )
            let about = "seed \(seed), \(engine), \(metric), d \(dimension), k \(k)"
            let found = try corpus.nearest(to: wanted, k: k, metric: metric, options: options)
            #expect(found.entries == nearest, "\(about)")
            let pairs = try wanted.join(corpus, threshold: cut, metric: metric, options: options)
            #expect(pairs.entries(leftCount: queries.count) == joined, "\(about), threshold \(cut)")
        }
    }

    /// Rows of one kind, some of them at another scale, repeated, nearly equal or zero.
    private static func rows(_ count: Int, _ dimension: Int, _ random: inout SplitMix64) -> [[Float]] {
        let kind = TestVectors.allCases[random.below(TestVectors.allCases.count)]
        let scales: [Float] = [1, 1, 1, 1e-20, 1e-30, 7 * .leastNonzeroMagnitude, 1e15]
        var rows: [[Float]] = []
        for _ in 0..<count {
            switch random.below(8) {
            case 0 where !rows.isEmpty: rows.append(rows[random.below(rows.count)])
            case 1 where !rows.isEmpty: rows.append(rows[random.below(rows.count)].map { $0.nextUp })
            case 2: rows.append(Array(repeating: 0, count: dimension))
            case 3:
                let scale = scales[random.below(scales.count)]
                rows.append((0..<dimension).map { _ in random.signedUnit() * scale })
            default: rows.append(kind.values(dimension, using: &random))
            }
        }
        return rows
    }
}
