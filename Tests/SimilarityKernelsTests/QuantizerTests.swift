// SPDX-License-Identifier: Apache-2.0
//
// Codes may round as they like, but what is said of them must be true: the residual is at least |y - scale * code|, worked
// out here in Double, where `scale * code` is exact; the norm is the codes'; limits are kept. Inputs: normal, subnormal (1e-44),
// huge (1e18), zero, spiky, halfway between codes, and scales so small that codes are clamped. A second check keeps the
// residual from being true by being useless.

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct QuantizerTests {
    private static let counts = [1, 2, 3, 4, 5, 7, 8, 31, 63, 64, 128]

    /// Coordinates of one kind.
    private static func values(_ kind: Int, _ count: Int, _ random: inout SplitMix64) -> [Float] {
        switch kind {
        case 0: (0..<count).map { _ in random.signedUnit() }
        case 1: (0..<count).map { _ in Float(random.below(15) - 7) * .leastNonzeroMagnitude }
        case 2: (0..<count).map { _ in random.signedUnit() * 1e18 }
        case 3: Array(repeating: 0, count: count)
        case 4: (0..<count).map { $0 == count / 2 ? 100 : random.signedUnit() }
        case 5: (0..<count).map { $0 == 0 ? 127 : Float(random.below(40)) + 0.5 }
        case 6: TestVectors.lognormal.values(count, using: &random)
        case 7: (0..<count).map { _ in random.signedUnit() * 1e-38 }
        default: (0..<count).map { $0 == 0 ? 1e18 : 7 * .leastNonzeroMagnitude }
        }
    }

    private struct Coded {
        let codes: [Int]
        let squaredCodeNorm: Int
        let residual: Double
    }

    private static func quantize(
        _ y: [Float],
        scale: Float,
        limit: Int,
        squaredLimit: Int,
        at offset: Int,
        _ level: KernelLevel
    ) -> Coded {
        var quantizer = Quantizer(capacity: offset + y.count)
        let input = CanaryBuffer(reading: y, shift: offset)
        let coded = unsafe quantizer.quantize(
            input.base,
            count: y.count,
            scale: scale,
            limit: limit,
            squaredLimit: squaredLimit,
            at: offset,
            level: level
        )
        var codes: [Int] = []
        for i in y.indices { codes.append(Int(quantizer.code(offset + i))) }
        return Coded(codes: codes, squaredCodeNorm: coded.squaredCodeNorm, residual: coded.residual)
    }

    @Test("the residual is at least what is lost, and not much more", arguments: KernelLevel.available)
    func residual(level: KernelLevel) {
        for seed in UInt64(0)..<400 {
            var random = SplitMix64(seed: seed)
            let count = Self.counts[random.below(Self.counts.count)]
            let y = Self.values(Int(seed % 9), count, &random)
            let input = CanaryBuffer(reading: y, shift: 1)
            let extent = unsafe Quantizer.extent(input.base, count: count, level: level)
            #expect(extent.largest == y.reduce(0) { max($0, abs($1)) })
            #expect(abs(extent.norm - ScoreOracle.dot(y, y).squareRoot()) <= extent.norm * 0x1p-48)
            for (limit, squaredLimit, codeNorm) in [
                (127, 181 * 181, 180.0), (63, 181 * 181, 180.0), (127, .max, 30_000.0), (32_767, .max, 30_000.0),
            ] {
                let fitting = Quantizer.scale(
                    largest: extent.largest,
                    limit: limit,
                    norm: extent.norm,
                    codeNorm: codeNorm
                )
                #expect(fitting >= .leastNormalMagnitude && fitting.isFinite)
                // Also scales for which the codes must be clamped, or moved to the norm limit, or all vanish.
                for scale in [fitting, fitting / 3, fitting * 1.7, fitting * 1000] where scale >= .leastNormalMagnitude
                {
                    let coded = Self.quantize(
                        y,
                        scale: scale,
                        limit: limit,
                        squaredLimit: squaredLimit,
                        at: random.below(3) * 4,
                        level
                    )
                    let about = "seed \(seed), \(count) coordinates, limit \(limit), scale \(scale)"
                    let squares = coded.codes.reduce(0) { $0 + $1 * $1 }
                    #expect(coded.squaredCodeNorm == squares && squares <= squaredLimit, "\(about)")
                    #expect(coded.codes.allSatisfy { abs($0) <= limit }, "\(about)")
                    let lost = zip(y, coded.codes).reduce(0.0) {
                        let difference = Double($1.0) - Double(scale) * Double($1.1)
                        return $0 + difference * difference
                    }.squareRoot()
                    #expect(coded.residual >= lost * (1 + 1e-12), "\(about)")
                    let allowance = 1e-6 * (lost + extent.norm) + 1e-43 * Double(count).squareRoot()
                    #expect(coded.residual <= lost + allowance, "\(about)")
                    if scale == fitting, squaredLimit == .max || extent.norm < 179 * Double(scale) {
                        // A fitting scale rounds to the nearest code.
                        #expect(lost <= 0.501 * Double(scale) * Double(count).squareRoot() + allowance, "\(about)")
                    }
                }
            }
        }
    }
}
