// SPDX-License-Identifier: Apache-2.0
//
// The GEMM tile C = A * B^T. Exact integers (17 values, depth at most 384, so every partial sum is below 2^24): all
// providers agree bit for bit. Rounded inputs: the contract `g * sum |a||b| + d 2^-149` against `Double`. Shapes: around
// the 3 x 4 block of the Swift kernel, around its passes of rows (depth 12,000: three rows a pass), around OpenBLAS's
// blocks (65), around the parts of the depth (192, 320), the passes (240 rows) and the panels (16, 32) of our C kernels. Canaries: NaN between and around rows, C full of NaN at the start, its padding untouched.

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct GEMMTests {
    private static let shapes = [
        (0, 0), (0, 3), (3, 0), (1, 1), (1, 4), (2, 3), (3, 4), (3, 5), (4, 4), (4, 3), (5, 9), (6, 8), (7, 7),
        (13, 17),
    ]

    private static func rows(_ count: Int, _ depth: Int, _ kind: TestVectors, _ random: inout SplitMix64) -> [[Float]] {
        (0..<count).map { _ in kind.values(depth, using: &random) }
    }

    @Test("tiles of exact integers are exact", arguments: GEMM.providers, sweptDepths)
    func exact(provider: GEMM.Provider, depth: Int) {
        for (m, n) in Self.shapes {
            for (slack, kind) in [(0, TestVectors.exactIntegers), (3, .scaledIntegers)] {
                let seed = UInt64(depth * 1000 + m * 20 + n)
                var random = SplitMix64(seed: seed)
                let (a, b) = (Self.rows(m, depth, kind, &random), Self.rows(n, depth, kind, &random))
                let c = KernelCalls.gemm(provider, a, b, depth: depth, slack: slack, shift: slack)
                let expected = a.map { x in b.map { y in Float(ScoreOracle.dot(x, y)) } }
                #expect(c == expected, "\(kind) \(m) x \(n) x \(depth) seed \(seed)")
            }
        }
    }

    @Test("rounded tiles keep to the contract", arguments: GEMM.providers, sweptDepths)
    func bounded(provider: GEMM.Provider, depth: Int) {
        for kind in TestVectors.rounded + [.adversarial] {
            let seed = UInt64(depth + 7)
            var random = SplitMix64(seed: seed)
            let (a, b) = (Self.rows(7, depth, kind, &random), Self.rows(9, depth, kind, &random))
            let c = KernelCalls.gemm(provider, a, b, depth: depth, slack: 2, shift: 1)
            for i in a.indices {
                for j in b.indices {
                    let error = abs(Double(c[i][j]) - ScoreOracle.dot(a[i], b[j]))
                    let allowed = Tolerance.singleDot(a[i][...], b[j][...])
                    #expect(error <= allowed, "\(kind) seed \(seed) at \(i), \(j): off by \(error), allowed \(allowed)")
                }
            }
        }
    }

    @Test(
        "large tiles and long passes are exact",
        arguments: GEMM.providers,
        [(65, 130, 33), (64, 64, 64), (8, 9, 12_000), (253, 70, 385), (241, 33, 640)]
    )
    func large(provider: GEMM.Provider, shape: (Int, Int, Int)) {
        let (m, n, depth) = shape
        var random = SplitMix64(seed: 5)
        let (a, b) = (Self.rows(m, depth, .exactIntegers, &random), Self.rows(n, depth, .exactIntegers, &random))
        let c = KernelCalls.gemm(provider, a, b, depth: depth, slack: 1)
        #expect(c == a.map { x in b.map { y in Float(ScoreOracle.dot(x, y)) } })
    }

    @Test("a product with the identity is the matrix", arguments: GEMM.providers)
    func identity(provider: GEMM.Provider) {
        var random = SplitMix64(seed: 11)
        let a = Self.rows(10, 17, .lognormal, &random)
        let identity = (0..<17).map { i in (0..<17).map { Float($0 == i ? 1 : 0) } }
        #expect(KernelCalls.gemm(provider, a, identity, depth: 17) == a)
    }

    @Test("depth zero fills the tile with zeros", arguments: GEMM.providers)
    func depthZero(provider: GEMM.Provider) {
        let c = KernelCalls.gemm(provider, [[], []], [[], [], []], depth: 0, slack: 2)
        #expect(c == [[0, 0, 0], [0, 0, 0]])
    }
}
