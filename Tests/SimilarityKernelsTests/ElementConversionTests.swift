// SPDX-License-Identifier: Apache-2.0
//
// Stored components as floats, through RowStorage: all 65,536 halves against an arithmetic definition of IEEE 754
// binary16, on the aligned path (which may use the processor's instruction) and the unaligned one (which never does);
// all bytes; doubles that round, overflow and underflow; storages whose rows would end beyond their bytes. NaN halves
// need only be NaN: a signaling one is made quiet by some processors.

import SimilarityKernels
import System
import Testing
import VectorTestSupport

@Suite struct ElementConversionTests {
    /// The value of a half by its definition: sign * 2^(e - 15) * 1.fraction, or sign * 2^-14 * 0.fraction.
    private static func value(ofHalf bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let (exponent, fraction) = (Int(bits >> 10) & 31, Float(bits & 0x3FF) / 1024)
        if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
        if exponent == 0 { return sign * fraction * 0x1p-14 }
        return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    }

    @Test("every half is widened exactly", arguments: [0, 1], [64, 13])
    func halves(byteOffset: Int, dimension: Int) throws {
        let all = (UInt16.min...UInt16.max).map { $0 }
        var raw = [UInt8](repeating: 0xEE, count: byteOffset)
        for bits in all { raw += [UInt8(bits & 0xFF), UInt8(bits >> 8)] }
        let rowCount = 65_536 / dimension
        let matrix = try packedBytes(raw, .float16, rowCount: rowCount, dimension: dimension, byteOffset: byteOffset)
        var wrong: [UInt16] = []
        for row in 0..<rowCount {
            for (i, found) in matrix.row(row).enumerated() {
                let bits = UInt16(row * dimension + i)
                let expected = Self.value(ofHalf: bits)
                let same = expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern
                if !same { wrong.append(bits) }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) halves are wrong, first \(wrong.prefix(5))")
    }

    @Test("every byte is widened exactly", arguments: [0, 1, 3])
    func bytes(byteOffset: Int) throws {
        let raw = [UInt8](repeating: 0x55, count: byteOffset) + (0...255).map { UInt8($0) }
        let unsigned = try packedBytes(raw, .uint8, rowCount: 2, dimension: 128, byteOffset: byteOffset)
        let signed = try packedBytes(raw, .int8, rowCount: 2, dimension: 128, byteOffset: byteOffset)
        #expect(unsigned.row(0) + unsigned.row(1) == (0...255).map { Float($0) })
        #expect(signed.row(0) + signed.row(1) == (0...255).map { Float(Int8(truncatingIfNeeded: $0)) })
    }

    @Test("doubles are rounded to nearest, ties to even", arguments: [0, 1, 4])
    func doubles(byteOffset: Int) throws {
        let values = [
            0, -0.0, 1, 0.1, 1 + 0x1p-24, 1 + 0x1.8p-23, 1e300, -1e300, 0x1.ffffffp127, 0x1.fffffefp127, 1e-46,
            0x1p-150,
            0x1.8p-150, .infinity, .nan, .leastNonzeroMagnitude,
        ]
        var raw = [UInt8](repeating: 0, count: byteOffset)
        for value in values {
            for shift in 0..<8 { raw.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * shift))) }
        }
        let matrix = try packedBytes(raw, .float64, rowCount: 4, dimension: 4, byteOffset: byteOffset)
        for (i, value) in values.enumerated() {
            let found = matrix.row(i / 4)[i % 4]
            #expect(value.isNaN ? found.isNaN : found.bitPattern == Float(value).bitPattern, "\(value) gave \(found)")
        }
        #expect(matrix.row(1)[2] == .infinity, "1e300 has no float")
    }

    @Test("floats keep their bits at any alignment")
    func floats() throws {
        var random = SplitMix64(seed: 2)
        let rows = (0..<5).map { _ in (0..<7).map { _ in random.anyFinite() } }
        for misaligned in [false, true] {
            let matrix = try packedRows(rows, as: .float32, byteOffset: misaligned ? 1 : 0)
            for row in 0..<5 { #expect(matrix.row(row).map(\.bitPattern) == rows[row].map(\.bitPattern)) }
        }
    }

    @Test("a storage whose rows end beyond its bytes, or whose sizes overflow, is refused")
    func refused() {
        let bytes = SharedBytes(copying: [Float](repeating: 1, count: 12))
        func make(_ rows: Int, _ dimension: Int, _ offset: Int, _ stride: Int, _ type: ElementType = .float32) -> Bool {
            RowStorage(
                bytes: bytes,
                elementType: type,
                rowCount: rows,
                dimension: dimension,
                byteOffset: offset,
                rowByteStride: stride
            ) != nil
        }
        #expect(make(3, 4, 0, 16) && make(2, 4, 16, 16) && make(0, 4, 0, 16))
        #expect(make(1, 4, 32, 1 << 40), "the stride beyond the last row is not used")
        #expect(!make(4, 4, 0, 16) && !make(3, 4, 1, 16) && !make(3, 4, 0, 17))
        #expect(!make(3, 4, 0, 15), "rows would overlap")
        #expect(!make(-1, 4, 0, 16) && !make(1, 0, 0, 16) && !make(1, 4, -4, 16))
        #expect(!make(1, .max, 0, .max) && !make(.max, 1, 0, .max) && !make(.max, 4, .max, 16))
        #expect(!make(1, .max / 8 + 1, 0, .max, .float64))
    }
}
