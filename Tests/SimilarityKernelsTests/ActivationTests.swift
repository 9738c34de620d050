// SPDX-License-Identifier: Apache-2.0
//
// GELU and softmax of every level against the formulas in Double, within the bounds that they document: lengths on both sides of every register, any
// alignment, and values that are no numbers.

import Foundation
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct ActivationTests {
    private static let lengths = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 257]

    @Test(arguments: KernelLevel.available) func `gelu is within its bound`(level: KernelLevel) {
        for count in Self.lengths {
            let values = (0..<count).map { Float($0 * 37 % 101) / 7 - 7 }
            let bias = (0..<count).map { Float($0 % 5) / 3 - 0.7 }
            let found = KernelCalls.gelu(level, values, bias: bias, shift: count % 4)
            for i in 0..<count {
                let x = Double(values[i] + bias[i])
                let expected = x * (1 + erf(x / 2.0.squareRoot())) / 2
                #expect(abs(Double(found[i]) - expected) <= 5e-7 * max(1, abs(x)), "\(level) \(x)")
            }
        }
        let odd: [Float] = [.nan, .infinity, -1e30, 1e30, 0, 2, .nan, 3, 4, 5, .nan]
        let found = KernelCalls.gelu(level, odd, bias: [Float](repeating: 0, count: odd.count))
        for (x, y) in zip(odd, found) { #expect(x.isNaN == y.isNaN && (x < 0 || x.isNaN || y >= 0), "\(x) \(y)") }
        #expect(found[1] == .infinity && found[3] == 1e30 && found[4] == 0)
    }

    @Test(arguments: KernelLevel.available) func `softmax is within its bound`(level: KernelLevel) {
        for count in Self.lengths {
            let row = (0..<count).map { Float($0 * 53 % 97) / 11 - 3 }
            let scale: Float = 0.7
            let found = KernelCalls.softmax(level, row, scale: scale, shift: count % 3)
            let largest = Double(row.max() ?? 0)
            let powers = row.map { exp((Double($0) - largest) * Double(scale)) }
            let sum = powers.reduce(0, +)
            for (x, power) in zip(found, powers) {
                #expect(abs(Double(x) / (power / sum) - 1) <= Double(count / 4 + 8) * 0x1p-22, "\(level) \(count)")
            }
        }
        #expect(
            KernelCalls.softmax(level, [1e30, -1e30, -.infinity, 1e30], scale: 1).map { ($0 * 1e6).rounded() } == [
                5e5, 0, 0, 5e5,
            ]
        )
        for count in [3, 16, 19] {
            var row = [Float](repeating: 1, count: count)
            row[count / 2] = .nan
            let found = KernelCalls.softmax(level, row, scale: 1)
            #expect(found.allSatisfy { $0.isNaN }, "\(level) \(count)")
        }
    }
}
