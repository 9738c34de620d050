// SPDX-License-Identifier: Apache-2.0
//
// Vectors that lie almost wholly in the tail: in units of the tiny codes of their prefix, norms and tails leave the range of
// `Float`, where infinities of both signs meet in the kernel's bound. A pair must then survive, and be scanned once.

import Similarity
import Testing
import VectorTestSupport

@Suite struct BoundedOverflowTests {
    private static func rows(_ count: Int, prefix: Float, tail: Float, seed: UInt64) -> [[Float]] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            (0..<4).map { _ in random.signedUnit() * prefix } + (0..<8).map { _ in random.signedUnit() * tail }
        }
    }

    @Test("offsets and tails that overflow together drop nothing", arguments: [1e-3, 1, 1e6] as [Float])
    func offsets(prefix: Float) throws {
        for tail in [1e12, 1e15, 1e18] as [Float] {
            let rows = Self.rows(40, prefix: prefix, tail: tail, seed: 3)
            for count in [1, 2, 17] {
                let queries = Array(rows.prefix(count))
                let check = BoundedCheck(.euclidean, corpus: rows + rows, queries: queries, about: "tail \(tail)")
                let jobs: [BoundedCheck.Job] = [
                    .join(threshold: 0), .join(threshold: tail), .nearest(k: 3), .others(k: 1), .selfJoin(threshold: 0),
                ]
                try check.expectSame(jobs, prefixes: [4, 12])
            }
        }
    }

    @Test("a tail that overflows is not scanned twice", arguments: Metric.allCases)
    func visits(metric: Metric) throws {
        // Eight blocks of rows, so that queries visit their nearest ones first and are left out there later.
        let rows = Self.rows(3600, prefix: 2.8e-7, tail: 1e12, seed: 4)
        for count in [1, 3, 21, 130] {
            let check = BoundedCheck(metric, corpus: rows, queries: Array(rows.suffix(count)))
            try check.expectSame([.nearest(k: 5), .nearest(k: 700)], prefixes: [4])
        }
    }

    @Test("a tail that overflows in one block does not wake padding of another", arguments: Metric.allCases)
    func padding(metric: Metric) throws {
        // Rows of many sizes: bounds that are set for one block must not be met with the tails of another.
        let rows = [1e-9, 1e-3, 1, 1e6, 1e12] as [Float]
        let corpus = rows.enumerated().flatMap { Self.rows(900, prefix: 2.8e-7, tail: $1, seed: UInt64($0)) }
        for count in [2, 5, 67] {
            let queries = (0..<count).map { corpus[$0 * 67 % corpus.count] }
            let check = BoundedCheck(metric, corpus: corpus, queries: queries)
            try check.expectSame([.nearest(k: 4)], prefixes: [4])
        }
    }
}
