// SPDX-License-Identifier: Apache-2.0
//
// Rows and weights of bytes at every level against the formulas of the contract, bit for bit: sizes on both sides of every register and panel, any
// alignment, and rows that are no numbers.

import CSimilarityKernels
import SimilarityKernels
import Testing
import VectorTestSupport

/// A product with its memory: rows of floats, weights from -127 to 127.
struct ByteProductCase {
    var rows: [[Float]]
    var weights: [[Int]]
    var depth: Int
    var shift = 1

    var weightScales: [Float] { weights.indices.map { Float($0 % 5 + 1) / 64 } }

    func encoded(_ level: KernelLevel) -> [(codes: [UInt8], row: simile_byte_row)] {
        rows.map { row in
            let input = CanaryBuffer(reading: row, shift: shift)
            let output = CanaryBuffer<UInt8>([UInt8](repeating: 9, count: depth), canary: 7, shift: shift) { $0 == 7 }
            let found = unsafe ByteProducts.encode(input.base, count: depth, into: output.base, level: level)
            #expect(output.isIntact && input.isIntact)
            return (output.values, found)
        }
    }

    func run(_ level: KernelLevel) -> [[Float]] {
        let encoded = encoded(level)
        let padded = (depth + 3) / 4 * 4
        let panelCount = (weights.count + 15) / 16
        var panels = [Int8](repeating: 0, count: panelCount * 16 * padded)
        var sums = [Int32](repeating: 0, count: panelCount * 16)
        for (c, column) in weights.enumerated() {
            for (k, weight) in column.enumerated() {
                panels[c / 16 * 16 * padded + k / 4 * 64 + c % 16 * 4 + k % 4] = Int8(weight)
                sums[c] += Int32(weight)
            }
        }
        // Codes beyond the depth meet weights of zero, so they may be anything.
        let codes = encoded.flatMap { $0.codes + [UInt8](repeating: 255, count: padded - depth) }
        let a = CanaryBuffer<UInt8>(codes, canary: 255, shift: shift) { $0 == 255 }
        let b = CanaryBuffer<Int8>(panels, canary: 127, shift: shift) { $0 == 127 }
        let w = CanaryBuffer<Int32>(sums, canary: -77, shift: shift) { $0 == -77 }
        let scales = CanaryBuffer(
            reading: weightScales + [Float](repeating: 0, count: panelCount * 16 - weights.count),
            shift: shift
        )
        let described = CanaryBuffer(
            encoded.map(\.row),
            canary: simile_byte_row(scale: 7, zero: 7),
            shift: shift
        ) { $0.zero == 7 }
        let stride = weights.count + 3
        let output = CanaryBuffer<Float>(writing: rows.count * stride, shift: shift)
        var product = unsafe simile_byte_product(
            rows: a.base,
            codes: described.base,
            row_count: rows.count,
            panels: b.base,
            weight_sums: w.base,
            weight_scales: scales.base,
            columns: weights.count,
            depth: padded,
            output: output.base,
            stride: stride
        )
        unsafe ByteProducts.multiply(&product, level: level)
        let columns = weights.count
        #expect(output.isIntact { $0 % stride >= columns })
        return rows.indices.map { Array(output.values[$0 * stride..<$0 * stride + columns]) }
    }
}

@Suite struct ByteProductsTests {
    @Test(arguments: KernelLevel.available) func `codes are those of the contract`(level: KernelLevel) {
        var numbers = SplitMix64(seed: 5)
        for depth in [1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100] {
            let rows = (0..<6).map { kind in
                (0..<depth).map { _ in
                    let x = Float.random(in: -3...5, using: &numbers)
                    return [x, abs(x), -abs(x), x * 1e-12, x * 1e30, x.rounded()][kind]
                }
            }
            let found = ByteProductCase(rows: rows, weights: [], depth: depth).encoded(level)
            for (x, (codes, row)) in zip(rows, found) {
                let (low, high) = (min(0, x.min() ?? 0), max(0, x.max() ?? 0))
                if high == low {
                    #expect(row.scale == 0 && row.zero == 0 && codes.allSatisfy { $0 == 0 })
                    continue
                }
                #expect(row.scale == (high - low) / 255)
                let factor = 1 / row.scale
                #expect(row.zero == Int32((-low * factor).rounded(.toNearestOrEven)))
                for (x, code) in zip(x, codes) {
                    #expect(
                        code == UInt8(clamping: Int32((x * factor).rounded(.toNearestOrEven)) + row.zero),
                        "\(level) \(x)"
                    )
                    // What is lost is half a step, and a little where both ends are clamped.
                    #expect(abs(Float(Int(code) - Int(row.zero)) * row.scale - x) <= 1.01 * row.scale)
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available) func `rows that are no numbers, and rows of nothing`(level: KernelLevel) {
        let ordinary = (0..<19).map { Float($0) - 9 }
        func row(_ place: Int, _ value: Float) -> [Float] {
            var row = ordinary
            row[place] = value
            return row
        }
        let strange = [
            row(0, .nan), row(18, .nan), row(9, .infinity), row(17, -.infinity),
            row(3, 3e38).map { $0 == 9 ? -3e38 : $0 },
        ]
        let small = [
            [Float](repeating: 0, count: 19), [Float](repeating: 1e-32, count: 19), ordinary.map { $0 * 0x1p-140 },
        ]
        let weights = (0..<18).map { c in (0..<19).map { ($0 * 7 + c) % 255 - 127 } }
        let found = ByteProductCase(rows: strange + small + [ordinary], weights: weights, depth: 19).run(level)
        #expect(found[..<5].allSatisfy { $0.allSatisfy { $0.isNaN } }, "\(level)")
        #expect(found[5..<8].allSatisfy { $0.allSatisfy { $0 == 0 } }, "\(level)")
        #expect(found[8].allSatisfy { $0.isFinite && $0 != 0 })
    }

    @Test(arguments: KernelLevel.available) func `products are those of the contract`(level: KernelLevel) {
        var numbers = SplitMix64(seed: 6)
        let sizes = [
            (1, 1, 1), (2, 3, 15), (3, 4, 16), (4, 5, 17), (5, 43, 33), (6, 8, 64), (7, 64, 65), (13, 384, 70),
            (3, 513, 20), (4, 1030, 5),
        ]
        for (rowCount, depth, columns) in sizes {
            let rows = (0..<rowCount).map { _ in (0..<depth).map { _ in Float.random(in: -3...5, using: &numbers) } }
            let weights = (0..<columns).map { _ in (0..<depth).map { _ in Int.random(in: -127...127, using: &numbers) }
            }
            let job = ByteProductCase(rows: rows, weights: weights, depth: depth, shift: depth % 3)
            let encoded = job.encoded(level)
            let found = job.run(level)
            for r in 0..<rowCount {
                for c in 0..<columns {
                    var sum = 0
                    for k in 0..<depth { sum += (Int(encoded[r].codes[k]) - Int(encoded[r].row.zero)) * weights[c][k] }
                    let expected = Float(sum) * encoded[r].row.scale * job.weightScales[c]
                    #expect(found[r][c] == expected, "\(level) \(rowCount) x \(depth) x \(columns)")
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available) func `the largest sums fit`(level: KernelLevel) {
        let depth = ByteProducts.maxDepth
        let high = [Float](repeating: 1, count: depth)
        let low = [Float](repeating: -1, count: depth)
        let weights = [[Int](repeating: 127, count: depth), [Int](repeating: -127, count: depth)]
        let job = ByteProductCase(rows: [high, low], weights: weights, depth: depth)
        let found = job.run(level)
        for (r, sign) in [Float(1), -1].enumerated() {
            let expected = Float(255 * 127 * depth) * (Float(1) / 255)
            #expect(found[r] == [sign * expected * job.weightScales[0], -sign * expected * job.weightScales[1]])
        }
    }
}
