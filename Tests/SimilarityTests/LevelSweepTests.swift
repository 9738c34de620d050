// SPDX-License-Identifier: Apache-2.0
//
// The same bytes at every kernel level that the machine has, with every engine and metric: for each dimension from 1 to 130 and
// those of real models, for more workers than processors, and with codes that were made at another level than they are used at.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct LevelSweepTests {
    private static let dimensions = Array(1...130) + [384, 768, 1024, 1536, 4096]

    /// Rows with a spectrum that falls, repeated ones, a zero, and one that is much longer than the others.
    private static func rows(_ count: Int, _ dimension: Int, seed: Int) -> [[Float]] {
        var random = SplitMix64(seed: UInt64(seed))
        var rows = (0..<count).map { _ in
            (0..<dimension).map { random.signedUnit() / Float(1 + $0 % 50) }
        }
        rows[1] = rows[0]
        rows[2] = Array(repeating: 0, count: dimension)
        rows[3] = rows[3].map { $0 * 1000 }
        return rows
    }

    @Test(arguments: Metric.allCases)
    func `every level gives the bytes of the reference`(metric: Metric) throws {
        for dimension in Self.dimensions {
            let corpus = Self.rows(70, dimension, seed: dimension)
            let check = BoundedCheck(metric, corpus: corpus, queries: Array(corpus.suffix(9)).reversed())
            let jobs: [BoundedCheck.Job] = [
                .nearest(k: 5),
                dimension % 2 == 0
                    ? .selfJoin(threshold: try check.score(0, 40)) : .join(threshold: try check.score(1, 41)),
            ]
            for job in jobs {
                let expected = try check.expected(job).entries
                for level in KernelLevel.available {
                    for engine in [Engine.simd, .bounded] {
                        let found = try check.run(job, engine: engine, workers: 5, level: level).entries
                        #expect(found == expected, "d \(dimension), \(level), \(engine), \(job)")
                    }
                }
            }
        }
    }

    @Test(arguments: Metric.allCases)
    func `codes of one level are used at every other`(metric: Metric) throws {
        for dimension in [3, 130, 384] {
            let corpus = Self.rows(600, dimension, seed: dimension + 1)
            let check = BoundedCheck(metric, corpus: corpus, queries: Array(corpus.prefix(20)))
            let jobs: [BoundedCheck.Job] = [.nearest(k: 5), .selfJoin(threshold: try check.score(0, 40))]
            let expected = try jobs.map { try check.expected($0).entries }
            for made in KernelLevel.available {
                for prefix in Set([dimension, (dimension + 1) / 2]) {
                    let prepared = try check.prepared(prefix: prefix, level: made)
                    for used in KernelLevel.available {
                        let carried = PreparedCorpus(
                            vectors: prepared.vectors,
                            metric: metric,
                            coded: try prepared.coded.recoded(for: used.codes, level: used, workers: 2),
                            encoding: prepared.encoding
                        )
                        #expect(used.codes.takes(rowsOf: carried.coded.shape.profile))
                        for (job, entries) in zip(jobs, expected) {
                            let found = try check.run(job, with: carried, workers: 2, level: used)
                            #expect(
                                found.entries == entries,
                                "d \(dimension), prefix \(prefix), made at \(made), used at \(used), \(job)"
                            )
                        }
                    }
                }
            }
        }
    }
}
