// SPDX-License-Identifier: Apache-2.0
//
// The verdict: identical bits from every level, equal to a formula that is written out here by hand.
//
// Depths: around 8 lanes and multiples of it, and 384. Inputs: every kind of `TestVectors`, the adversarial one with
// subnormals, -0, 1e-44 and 1e18. No tolerance: bits are compared. Rows of `squaredNorms`: around its groups of four.
// Out of scope: the last rounding to `Float` (see `SimilarityTests`).

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct VerdictTests {
    @Test("dot and distance have the bits of the formula", arguments: KernelLevel.available, sweptDepths)
    func bits(level: KernelLevel, depth: Int) {
        for kind in TestVectors.allCases {
            for trial in 0..<40 {
                let seed = UInt64(depth * 100 + trial)
                var random = SplitMix64(seed: seed)
                let a = kind.values(depth, using: &random)
                let b = trial % 4 == 0 ? a.map { $0.nextUp } : kind.values(depth, using: &random)
                let shift = trial % 8
                let dot = KernelCalls.dot(level, a, b, shift: shift)
                let distance = KernelCalls.squaredDistance(level, a, b, shift: shift)
                #expect(dot.bitPattern == ScoreOracle.dot(a, b).bitPattern, "\(kind) seed \(seed)")
                #expect(
                    distance.bitPattern == ScoreOracle.squaredDistance(a, b).bitPattern,
                    "\(kind) seed \(seed)"
                )
            }
        }
    }

    @Test(
        "lane j takes components j, j + 8, ...; the lanes are added in the stated tree",
        arguments: KernelLevel.available
    )
    func laneOrder(level: KernelLevel) {
        // Magnitudes over many orders: another tree of additions rounds differently, which the last line makes sure of.
        var told = 0
        for seed in UInt64(0)..<64 {
            var random = SplitMix64(seed: seed)
            let a = TestVectors.lognormal.values(19, using: &random)
            let b = TestVectors.lognormal.values(19, using: &random)
            var l = [Double](repeating: 0, count: 8)
            for i in 0..<19 { l[i % 8] += Double(a[i]) * Double(b[i]) }
            let expected = ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
            let inOrder = l.reduce(0, +)
            #expect(KernelCalls.dot(level, a, b).bitPattern == expected.bitPattern, "seed \(seed)")
            if expected != inOrder { told += 1 }
        }
        #expect(told > 8, "the inputs must tell the orders of addition apart")
    }

    @Test("an empty vector gives +0, and vectors of -0 give +0", arguments: KernelLevel.available)
    func zeros(level: KernelLevel) {
        for depth in [0, 1, 7, 8, 9] {
            let zeros = [Float](repeating: -0.0, count: depth)
            let ones = [Float](repeating: 1, count: depth)
            #expect(KernelCalls.dot(level, zeros, ones).bitPattern == 0)
            #expect(KernelCalls.squaredDistance(level, zeros, zeros).bitPattern == 0)
        }
    }

    @Test("a NaN or an infinity anywhere reaches the result", arguments: KernelLevel.available)
    func nonfinite(level: KernelLevel) {
        for depth in [1, 7, 8, 9, 17, 33] {
            for place in 0..<depth {
                var a = [Float](repeating: 1, count: depth)
                for bad in [Float.nan, .infinity, -.infinity] {
                    a[place] = bad
                    #expect(!KernelCalls.dot(level, a, a).isFinite)
                    let rows = KernelCalls.squaredNorms(
                        level,
                        [[Float](repeating: 1, count: depth), a],
                        depth: depth,
                        stride: depth
                    )
                    #expect(rows[0] == Double(depth) && !rows[1].isFinite)
                }
            }
        }
    }

    @Test("squared norms have the bits of dot(x, x)", arguments: KernelLevel.available, sweptDepths)
    func norms(level: KernelLevel, depth: Int) {
        for count in [0, 1, 2, 3, 4, 5, 8, 9] {
            for (extra, kind) in [(0, TestVectors.uniform), (1, .lognormal), (5, .adversarial)] {
                let seed = UInt64(1000 * depth + count)
                var random = SplitMix64(seed: seed)
                let rows = (0..<count).map { _ in kind.values(depth, using: &random) }
                let found = KernelCalls.squaredNorms(level, rows, depth: depth, stride: depth + extra, shift: extra)
                let expected = rows.map { ScoreOracle.dot($0, $0) }
                #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(kind) seed \(seed) rows \(count)")
            }
        }
    }
}
