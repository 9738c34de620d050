// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// What a component is written as. Integers must be integers already and fit; a half is rounded to nearest, ties to even, and
/// must not become infinite.
package enum ComponentType: String, Sendable {
    case float32, float16, uint8, int8, int32

    /// The same as a stored type.
    var elementType: ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .uint8: .uint8
        case .int8: .int8
        case .int32: .int32
        }
    }

    /// How a `.npy` file names it.
    var numpyName: String {
        switch self {
        case .float32: "<f4"
        case .float16: "<f2"
        case .uint8: "|u1"
        case .int8: "|i1"
        case .int32: "<i4"
        }
    }

    /// Appends a row; returns the place of the first component that it cannot hold, with the row then left out.
    func append(_ row: [Float], to bytes: inout [UInt8]) -> Int? {
        let start = bytes.count
        bytes.reserveCapacity(start + row.count * elementType.byteCount)
        for (i, value) in row.enumerated() {
            guard let bits = bits(of: value) else {
                bytes.removeSubrange(start...)
                return i
            }
            for byte in 0..<elementType.byteCount { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte))) }
        }
        return nil
    }

    private func bits(of value: Float) -> UInt32? {
        switch self {
        case .float32: value.bitPattern
        case .float16: Self.half(value).map { UInt32($0) }
        case .uint8: UInt8(exactly: value).map { UInt32($0) }
        case .int8: Int8(exactly: value).map { UInt32(UInt8(bitPattern: $0)) }
        case .int32: Int32(exactly: value).map { UInt32(bitPattern: $0) }
        }
    }

    /// What is expected of a component, for messages.
    var expectation: String {
        switch self {
        case .float32: "a number"
        case .float16: "a number of at most 65504"
        case .uint8: "an integer from 0 to 255"
        case .int8: "an integer from -128 to 127"
        case .int32: "an integer of 32 bits"
        }
    }

    /// Whether the bytes of halves are all zeros, of either sign.
    static func areZeroHalves(_ bytes: [UInt8]) -> Bool {
        bytes.indices.allSatisfy { bytes[$0] == 0 || !$0.isMultiple(of: 2) && bytes[$0] == 0x80 }
    }

    /// The IEEE half that is nearest to a value; nil if a finite one has none. By integers, because the baseline of x86-64
    /// has no instruction for it.
    static func half(_ value: Float) -> UInt16? {
        let sign = UInt16(value.bitPattern >> 16) & 0x8000
        if value.isNaN { return sign | 0x7E00 }
        if value.isInfinite { return sign | 0x7C00 }
        let magnitude = value.magnitude
        // 65,520 lies between the largest half and what would be the next.
        guard magnitude < 65_520 else { return nil }
        if magnitude < 0x1p-14 {
            // Subnormal: a multiple of 2^-24. The product is exact.
            return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
        }
        let bits = magnitude.bitPattern - (112 << 23)
        let rest = bits & 0x1FFF
        var half = UInt16(bits >> 13)
        // A carry into the exponent is the next power of two.
        if rest > 0x1000 || (rest == 0x1000 && half & 1 == 1) { half += 1 }
        return sign | half
    }
}
