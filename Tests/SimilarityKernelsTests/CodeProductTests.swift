// SPDX-License-Identifier: Apache-2.0
//
// The second stage's products against plain integer arithmetic, on every level: exact for every pair, in whatever order and
// however often pairs come. Depths: around 16 and 32, where the vectors end, and up to 1600. Codes: at the norms of a tail,
// aligned and opposed, and as far as 2^31 allows.

import CSimilarityKernels
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct CodeProductTests {
    private static let depths = [1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 384, 1600]

    private static func products(_ pairs: [(query: Int, row: Int)], _ queries: [[Int]], _ rows: [[Int]]) -> [Int] {
        pairs.map { pair in zip(queries[pair.query], rows[pair.row]).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    @Test("products of tails are exact", arguments: KernelLevel.available, depths)
    func exact(level: KernelLevel, depth: Int) {
        for seed in UInt64(0)..<UInt64(TestSize.rounds(4, long: 100)) {
            var random = SplitMix64(seed: seed)
            // A query's norm is at most about 30,000, in one code or in all.
            let most = [32_767, 30_000, Int(30_000 / Double(depth).squareRoot())][random.below(3)]
            let share = most >= 30_000 ? depth : 1
            let queries = (0..<7).map { _ in
                (0..<depth).map { $0 % share == 0 ? random.below(2 * most + 1) - most : 0 }
            }
            let rows =
                (0..<30).map { _ in (0..<depth).map { _ in random.below(255) - 127 } }
                + queries.prefix(3).flatMap { q in [1, -1].map { sign in q.map { 127 * sign * $0.signum() } } }
            for count in [0, 1, 2, 15, 16, 17, 40, 300] {
                let pairs = (0..<count).map { _ in (query: random.below(7), row: random.below(rows.count)) }
                let found = KernelCalls.codeProducts(
                    level,
                    pairs: pairs,
                    queries: queries,
                    rows: rows,
                    shift: random.below(5)
                )
                #expect(found == Self.products(pairs, queries, rows), "seed \(seed), \(count) pairs")
            }
        }
    }

    @Test("sums end just below 2^31", arguments: KernelLevel.available, [1, -1])
    func largest(level: KernelLevel, sign: Int) {
        let depth = Int(Int32.max) / (127 * 127)
        let queries = [Array(repeating: 127, count: depth)]
        let rows = [Array(repeating: 127 * sign, count: depth)]
        let found = KernelCalls.codeProducts(level, pairs: [(0, 0)], queries: queries, rows: rows, shift: 1)
        #expect(found == [127 * 127 * depth * sign])
    }
}
