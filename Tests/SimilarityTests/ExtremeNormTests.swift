// SPDX-License-Identifier: Apache-2.0
//
// Norms of 1e-44, 1e-30, 1e-20 and 1e18 and all mixtures of them, for every engine and metric: search and join equal the
// oracle. Rows of one norm alone are searched too, since in a mixture the large ones win every dot product.

import Similarity
import Testing
import VectorTestSupport

@Suite struct ExtremeNormTests {
    private static func rows(_ norms: [Float], count: Int, dimension: Int) -> [[Float]] {
        var random = SplitMix64(seed: 31)
        var rows = (0..<count).map { FilterBoundTests.vector(dimension, norm: norms[$0 % norms.count], &random) }
        for i in stride(from: 5, to: count, by: 6) {
            rows[i] = rows[i - 5].map { random.below(4) == 0 ? $0.nextUp : $0 }
        }
        return rows
    }

    @Test("every engine gives the oracle's bytes at every norm", arguments: Engine.available, Metric.allCases)
    func norms(engine: Engine, metric: Metric) throws {
        let tiny = 7 * Float.leastNonzeroMagnitude  // 1e-44
        for norms in [[tiny], [1e-30], [1e-20], [1e18], [9e18], [tiny, 1e-30, 1e-20, 1, 1e18]] as [[Float]] {
            for dimension in [2, 9, 32] {
                let rows = Self.rows(norms, count: 90, dimension: dimension)
                let oracle = ScoreOracle(metric: metric, queries: rows, corpus: rows)
                let matrix = VectorMatrix(rows: rows)
                for plan in [nil, TilePlan(queries: 3, rows: 20), TilePlan(queries: 8, rows: 16)] {
                    var options = RunOptions(engine: engine)
                    options.tilePlan = plan
                    let found = try matrix.nearest(to: matrix, k: 6, metric: metric, options: options)
                    #expect(found.entries == oracle.nearest(k: 6), "norms \(norms), dimension \(dimension)")
                    let scores = oracle.nearest(k: 4).compactMap { $0.last?.score }.sorted()
                    guard !scores.isEmpty else { continue }
                    let threshold = scores[scores.count / 2]
                    let joined = try matrix.selfJoin(threshold: threshold, metric: metric, options: options)
                    #expect(
                        joined.entries(leftCount: 90) == oracle.join(threshold: threshold, triangle: true),
                        "norms \(norms), dimension \(dimension), threshold \(threshold)"
                    )
                }
            }
        }
    }
}
