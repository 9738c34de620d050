// SPDX-License-Identifier: Apache-2.0
//
// The scan: ascending indices whose score is not below `slope * norm + offset + base`. Counts: around the groups of 16
// and 32. Terms are small integers where indices are compared, so the bound is exact, fused or not. For rounded terms
// two levels may differ on scores within the stated rounding of the bound, and only there.

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct ThresholdScanTests {
    private static let counts = [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100]

    @Test("exact terms give exactly the survivors", arguments: KernelLevel.available, counts)
    func exact(level: KernelLevel, count: Int) {
        for seed in UInt64(0)..<30 {
            var random = SplitMix64(seed: seed)
            let scores = (0..<count).map { _ in Float(random.below(41) - 20) }
            let norms = (0..<count).map { _ in Float(random.below(5)) }
            let offsets = (0..<count).map { _ in Float(random.below(7) - 3) }
            // From everything survives to nothing does.
            let (slope, base) = (Float(random.below(5) - 2), Float(Int(seed) - 14) * 2)
            let found = KernelCalls.scan(
                level,
                scores: scores,
                norms: norms,
                offsets: offsets,
                slope: slope,
                base: base,
                shift: Int(seed % 8)
            )
            let expected = scores.indices.filter { !(scores[$0] < slope * norms[$0] + offsets[$0] + base) }
            #expect(found == expected, "seed \(seed)")
        }
    }

    @Test("NaN on either side survives, infinite offsets decide", arguments: KernelLevel.available, [5, 16, 37, 70])
    func special(level: KernelLevel, count: Int) {
        for place in 0..<count {
            var scores = [Float](repeating: 0, count: count)
            var offsets = [Float](repeating: 1, count: count)
            let norms = [Float](repeating: 1, count: count)
            func scan(slope: Float = 0, base: Float = 0) -> [Int] {
                KernelCalls.scan(level, scores: scores, norms: norms, offsets: offsets, slope: slope, base: base)
            }
            #expect(scan() == [])
            scores[place] = .nan
            #expect(scan() == [place])
            scores[place] = 0
            offsets[place] = -.infinity
            #expect(scan() == [place])
            offsets[place] = .nan
            #expect(scan() == [place])
            offsets[place] = .infinity
            #expect(scan() == [])
            #expect(scan(base: -.infinity).count == count, "minus infinity lets everything through, even +inf - inf")
            #expect(scan(slope: .nan).count == count)
        }
    }

    @Test("an equal score survives", arguments: KernelLevel.available)
    func equality(level: KernelLevel) {
        let scores = (0..<67).map { Float($0 % 3) }
        let found = KernelCalls.scan(
            level,
            scores: scores,
            norms: scores.map { _ in 1 },
            offsets: scores.map { _ in -3 },
            slope: 3,
            base: 1
        )
        #expect(found == scores.indices.filter { scores[$0] >= 1 })
    }

    @Test(
        "rounded terms differ from the real bound by no more than its stated rounding",
        arguments: KernelLevel.available
    )
    func rounded(level: KernelLevel) {
        for seed in UInt64(0)..<200 {
            var random = SplitMix64(seed: seed)
            let norms = (0..<96).map { _ in abs(random.signedUnit()) * 3 }
            let offsets = norms.map { _ in random.signedUnit() }
            let (slope, base) = (random.signedUnit(), random.signedUnit())
            func bound(_ j: Int) -> Double { Double(slope) * Double(norms[j]) + Double(offsets[j]) + Double(base) }
            let scores = norms.indices.map { Float(bound($0)) + Float(random.below(5) - 2) * 0x1p-24 }
            let found = Set(
                KernelCalls.scan(
                    level,
                    scores: scores,
                    norms: norms,
                    offsets: offsets,
                    slope: slope,
                    base: base
                )
            )
            for j in norms.indices {
                let terms = abs(Double(slope) * Double(norms[j])) + abs(Double(offsets[j])) + abs(Double(base))
                let error = 3 * Tolerance.u * terms + 0x1p-148
                if Double(scores[j]) >= bound(j) + error { #expect(found.contains(j), "seed \(seed), \(j)") }
                if Double(scores[j]) < bound(j) - error { #expect(!found.contains(j), "seed \(seed), \(j)") }
            }
        }
    }
}
