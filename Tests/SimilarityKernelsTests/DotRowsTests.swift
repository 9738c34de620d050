// SPDX-License-Identifier: Apache-2.0
//
// The filter for single queries. Exact integers first: all bits must agree, in any order of addition. Then rounded
// inputs against `Double`; the tolerance is the contract, `g |q||x| + d 2^-149`, with nothing added for the oracle, whose
// own error is 2^29 times smaller. Rows: around the groups of four. Out of scope: overflow (norms end at 1e19 above).

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct DotRowsTests {
    @Test("sums of exact integers are exact", arguments: KernelLevel.available, sweptDepths)
    func exact(level: KernelLevel, depth: Int) {
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 9] {
            for kind in TestVectors.exact {
                let seed = UInt64(depth * 10 + count)
                var random = SplitMix64(seed: seed)
                let query = kind.values(depth, using: &random)
                let rows = (0..<count).map { _ in kind.values(depth, using: &random) }
                for extra in [0, 3] {
                    let (stride, expected) = (depth + extra, rows.map { Float(ScoreOracle.dot(query, $0)) })
                    let scores = KernelCalls.dotRows(level, query: query, rows: rows, stride: stride, shift: extra)
                    #expect(scores == expected, "\(kind) seed \(seed)")
                    let both = KernelCalls.dotRowsWithNorms(
                        level,
                        query: query,
                        rows: rows,
                        stride: stride,
                        shift: extra
                    )
                    #expect(both.scores == expected, "\(kind) seed \(seed)")
                    #expect(both.norms == rows.map { ScoreOracle.dot($0, $0) }, "\(kind) seed \(seed)")
                }
            }
        }
    }

    @Test("rounded sums keep to the contract", arguments: KernelLevel.available, sweptDepths)
    func bounded(level: KernelLevel, depth: Int) {
        for kind in TestVectors.rounded + [.adversarial] {
            let seed = UInt64(depth)
            var random = SplitMix64(seed: seed)
            let query = kind.values(depth, using: &random)
            let rows = (0..<13).map { _ in kind.values(depth, using: &random) }
            let both = KernelCalls.dotRowsWithNorms(level, query: query, rows: rows, stride: depth + 1, shift: 1)
            #expect(
                both.norms.map(\.bitPattern) == rows.map { ScoreOracle.dot($0, $0).bitPattern },
                "norms are verdicts: \(kind) seed \(seed)"
            )
            let alone = KernelCalls.dotRows(level, query: query, rows: rows, stride: depth + 1, shift: 1)
            for (row, score) in Array(zip(rows, alone)) + Array(zip(rows, both.scores)) {
                let allowed = Tolerance.singleDot(query[...], row[...])
                let error = abs(Double(score) - ScoreOracle.dot(query, row))
                // 2e36 a term: 384 of them stay below the range of Float.
                #expect(error <= allowed, "\(kind) seed \(seed): \(score) is off by \(error), allowed \(allowed)")
            }
        }
    }
}
