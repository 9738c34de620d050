// SPDX-License-Identifier: Apache-2.0

// The transformer's loops against the same formulas in Double, over widths and lengths on both sides of a register of
// four. Outputs are longer than they need be and end in a canary that must survive; inputs end in NaN, which would
// spread if it were read.
//
// Tolerances are those that the kernels document, times the magnitude of the result.

import Foundation
import SimilarityKernels
import System
import Testing
import TransformerKernels

@Suite struct TransformerKernelTests {
    static let widths = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 64, 384]
    static let canary: Float = -12_345.5

    private func padded(_ values: [Float], with value: Float = canary) -> [Float] {
        values + Array(repeating: value, count: 8)
    }

    private func expectCanary(_ values: [Float], after count: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(values[count...].allSatisfy { $0 == Self.canary }, sourceLocation: sourceLocation)
    }

    @Test func theExponentialIsWithinItsBound() {
        var worst = 0.0
        for step in 0...700_000 {
            let x = -87 + Float(step) * 2.5e-4
            let y = Double(SIMD4<Float>(repeating: x).exponential[0])
            worst = max(worst, abs(y / exp(Double(x)) - 1))
        }
        #expect(worst < 0x1p-22)
        let ends = SIMD4<Float>(-.infinity, -1e30, .nan, 0).exponential
        #expect(ends[0] > 0 && ends[0] < 2e-38 && ends[0] == ends[1] && ends[2].isNaN && ends[3] == 1)
    }

    @Test func theErrorFunctionIsWithinItsBound() {
        var worst = 0.0
        for step in -60_000...60_000 {
            let x = Float(step) * 1e-4
            worst = max(worst, abs(Double(SIMD4<Float>(repeating: x).errorFunction[0]) - erf(Double(x))))
        }
        #expect(worst < 5e-7)
        let ends = SIMD4<Float>(.infinity, -.infinity, .nan, 0).errorFunction
        #expect(abs(ends[0] - 1) < 1e-6 && abs(ends[1] + 1) < 1e-6 && ends[2].isNaN && ends[3] == 0)
    }

    @Test(arguments: widths) func activationsAreWithinTheirBounds(width: Int) {
        var numbers = RepeatableNumbers(seed: UInt64(width))
        let rows = 5
        let (values, bias) = (numbers.floats(rows * width, bound: 9), numbers.floats(width, bound: 2))
        for activation in [Transformer.Activation.gelu, .geluTanh, .relu] {
            var result = padded(values)
            Transformer.activate(&result, rows: rows, bias: Weights(bias), by: activation)
            expectCanary(result, after: rows * width)
            for i in 0..<rows * width {
                let x = Double(values[i] + bias[i % width])
                let expected =
                    switch activation {
                    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
                    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
                    case .relu: max(x, 0)
                    }
                #expect(abs(Double(result[i]) - expected) <= 5e-7 * max(1, abs(x)), "\(activation) of \(x)")
            }
        }
    }

    @Test(arguments: widths) func layerNormIsWithinItsBound(width: Int) {
        var numbers = RepeatableNumbers(seed: UInt64(width))
        let rows = 3
        let (gain, shift) = (numbers.floats(width, bound: 2), numbers.floats(width, bound: 2))
        let (bias, added) = (numbers.floats(width, bound: 1), numbers.floats(rows * width, bound: 3))
        // The second row has a mean far from zero: a one-pass variance would lose all its digits.
        var values = numbers.floats(rows * width, bound: 3)
        for i in width..<2 * width { values[i] += 1_000 }

        func check(_ result: [Float], _ input: [Double]) {
            expectCanary(result, after: rows * width)
            for row in 0..<rows {
                let x = Array(input[row * width..<(row + 1) * width])
                let mean = x.reduce(0, +) / Double(width)
                let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                let deviation = (variance + 1e-5).squareRoot()
                let expected = x.indices.map { (x[$0] - mean) / deviation * Double(gain[$0]) + Double(shift[$0]) }
                let largest =
                    x.indices.map { abs((x[$0] - mean) / deviation * Double(gain[$0])) + abs(Double(shift[$0])) }.max()
                    ?? 0
                // An offset of the row is lost in the rounding of its values and its mean, relative to the deviation.
                let offset = abs(mean) / deviation
                let bound = Double(width / 4 + 16) * 0x1p-23 * (largest + 2 * offset)
                for i in 0..<width { #expect(abs(Double(result[row * width + i]) - expected[i]) <= bound) }
            }
        }
        var plain = padded(values)
        Transformer.normalize(&plain, rows: rows, gain: Weights(gain), shift: Weights(shift), epsilon: 1e-5)
        check(plain, values.map(Double.init))
        var residual = padded(values)
        Transformer.addAndNormalize(
            &residual,
            rows: rows,
            added: padded(added, with: .nan),
            bias: Weights(bias),
            gain: Weights(gain),
            shift: Weights(shift),
            epsilon: 1e-5
        )
        check(residual, values.indices.map { Double(values[$0] + (added[$0] + bias[$0 % width])) })
    }

    @Test func layerNormOfLaterRowsLeavesTheEarlier() {
        var values: [Float] = [1, 2, 3, 4, 5, 6]
        let (one, zero) = (Weights([1, 1, 1]), Weights([0, 0, 0]))
        Transformer.addAndNormalize(
            &values,
            firstRow: 1,
            rows: 1,
            added: [0, 0, 0],
            bias: zero,
            gain: one,
            shift: zero,
            epsilon: 0
        )
        #expect(values[..<4] == [1, 2, 3, -1.2247448] && values[4] == 0)
    }

    @Test(arguments: GEMM.providers, [1, 2, 5, 8, 13])
    func attentionIsTheFormula(provider: GEMM.Provider, headWidth: Int) {
        var numbers = RepeatableNumbers(seed: 11)
        let heads = 3
        let width = heads * headWidth
        let starts = [0, 1, 8, 8 + 16, 8 + 16 + 33]
        let tokens = 57
        let input = numbers.floats(tokens * 3 * width, bound: 2)
        var context = padded(Array(repeating: .nan, count: tokens * width))
        var scratch = Transformer.AttentionScratch(maxLength: 33, headWidth: headWidth)
        Transformer.attend(
            provider,
            queriesKeysValues: padded(input, with: .nan),
            starts: starts,
            headCount: heads,
            width: width,
            into: &context,
            scratch: &scratch
        )
        expectCanary(context, after: tokens * width)
        func value(_ token: Int, _ part: Int, _ column: Int) -> Double {
            Double(input[token * 3 * width + part * width + column])
        }
        for (start, end) in zip(starts, starts.dropFirst()) {
            for token in start..<end {
                for column in 0..<width {
                    let head = column / headWidth * headWidth
                    let powers = (start..<end).map { other in
                        exp(
                            (head..<head + headWidth).reduce(0) { $0 + value(token, 0, $1) * value(other, 1, $1) }
                                / Double(headWidth).squareRoot()
                        )
                    }
                    let sum = powers.reduce(0, +)
                    let expected = zip(powers, start..<end).reduce(0) { $0 + $1.0 / sum * value($1.1, 2, column) }
                    // Scores of up to 15 with an error of 2^-20 or so, then sums of at most 33 terms of at most 2.
                    #expect(abs(Double(context[token * width + column]) - expected) < 2e-5)
                }
            }
        }
    }

    @Test func attentionOfHugeScoresNeitherOverflowsNorDividesByZero() {
        let input: [Float] = [1e18, 1e18, 1, -1e18, -1e18, 2]
        var context: [Float] = [0, 0]
        var scratch = Transformer.AttentionScratch(maxLength: 2, headWidth: 1)
        Transformer.attend(
            .own(.reference),
            queriesKeysValues: input,
            starts: [0, 2],
            headCount: 1,
            width: 1,
            into: &context,
            scratch: &scratch
        )
        #expect(context == [1, 2])
    }

    @Test(arguments: widths) func poolingIsTheFormula(width: Int) {
        var numbers = RepeatableNumbers(seed: UInt64(width))
        let starts = [0, 1, 4, 11]
        let hidden = numbers.floats(11 * width, bound: 3)
        for pooling in [Transformer.Pooling.mean, .firstToken, .maximum] {
            var vectors = padded(Array(repeating: .nan, count: 3 * width))
            Transformer.pool(padded(hidden, with: .nan), starts: starts, width: width, by: pooling, into: &vectors)
            expectCanary(vectors, after: 3 * width)
            for text in 0..<3 {
                for column in 0..<width {
                    let values = (starts[text]..<starts[text + 1]).map { Double(hidden[$0 * width + column]) }
                    let expected =
                        switch pooling {
                        case .mean: values.reduce(0, +) / Double(values.count)
                        case .firstToken: values[0]
                        case .maximum: values.max() ?? 0
                        }
                    #expect(abs(Double(vectors[text * width + column]) - expected) <= 3 * 8 * 0x1p-23)
                }
            }
            Transformer.scaleToUnitLength(&vectors, rows: 3, width: width)
            expectCanary(vectors, after: 3 * width)
            for text in 0..<3 {
                let squares = vectors[text * width..<(text + 1) * width].reduce(0.0) { $0 + Double($1) * Double($1) }
                #expect(abs(squares - 1) < 1e-6)
            }
        }
        var zero: [Float] = [0, 0, -0]
        Transformer.scaleToUnitLength(&zero, rows: 1, width: 3)
        #expect(zero == [0, 0, 0])
    }

    @Test(arguments: GEMM.providers) func aLinearLayerFillsItsColumnsAlone(provider: GEMM.Provider) {
        var numbers = RepeatableNumbers(seed: 5)
        for (rows, depth, columns) in [(1, 1, 1), (3, 5, 2), (7, 16, 9), (20, 33, 12)] {
            let input = numbers.floats(rows * depth, bound: 1)
            let (weights, bias) = (numbers.floats(columns * depth, bound: 1), numbers.floats(columns, bound: 1))
            let width = columns + 5
            var output = [Float](repeating: Self.canary, count: rows * width)
            Transformer.multiply(
                provider,
                input: padded(input, with: .nan),
                rows: rows,
                depth: depth,
                weights: Weights(weights),
                into: &output,
                outputWidth: width,
                column: 2
            )
            Transformer.addBias(Weights(bias), to: &output, rows: rows, width: width, column: 2)
            for row in 0..<rows {
                for column in 0..<width {
                    let found = output[row * width + column]
                    guard (2..<2 + columns).contains(column) else {
                        #expect(found == Self.canary)
                        continue
                    }
                    let expected = (0..<depth).reduce(Double(bias[column - 2])) {
                        $0 + Double(input[row * depth + $1]) * Double(weights[(column - 2) * depth + $1])
                    }
                    #expect(abs(Double(found) - expected) <= Double(depth + 2) * 0x1p-23 * Double(depth + 1))
                }
            }
        }
    }

    @Test func embeddingsAddWordPositionAndType() {
        let (words, positions) = (Weights([1, 2, 10, 20, 100, 200]), Weights([0.5, 0.25, 4, 8]))
        var hidden = padded([0, 0, 0, 0, 0, 0])
        Transformer.embed(
            ids: [2, 0, 1],
            starts: [0, 2, 3],
            words: words,
            positions: positions,
            types: Weights([1_000, 2_000, 9, 9]),
            width: 2,
            into: &hidden
        )
        #expect(hidden[..<6] == [1_100.5, 2_200.25, 1_005, 2_010, 1_010.5, 2_020.25])
        expectCanary(hidden, after: 6)
    }

    @Test func halfPrecisionWeightsAreWidened() {
        let halves: [UInt16] = [0x3C00, 0xC000, 0x0001, 0x7BFF]
        let bytes = SharedBytes(copying: [
            Float(bitPattern: UInt32(halves[0]) | UInt32(halves[1]) << 16),
            Float(bitPattern: UInt32(halves[2]) | UInt32(halves[3]) << 16),
        ])
        let weights = Weights(bytes, byteOffset: 0, count: 4, type: .float16)
        var row: [Float] = [0, 0, 0, 0]
        Transformer.addBias(weights, to: &row, rows: 1, width: 4)
        #expect(row == [1, -2, 0x1p-24, 65_504])
    }
}
