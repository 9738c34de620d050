// SPDX-License-Identifier: Apache-2.0

/// The type of a stored component. Little-endian, as on every machine this package runs on.
package enum ElementType: String, Sendable, CaseIterable {
    case float32, float16, float64, int8, uint8, int32

    /// Bytes of one component.
    package var byteCount: Int {
        switch self {
        case .float64: 8
        case .float32, .int32: 4
        case .float16: 2
        case .int8, .uint8: 1
        }
    }
}

/// values <- components as Float, rounded to nearest where they are none.
///
/// Requires: `source` readable for `count` components of `type` at any alignment, `values` writable for `count` floats
/// and apart from it. Exact for all types but float64, where a value beyond the range of Float becomes infinite, and int32 beyond 2^24.
package enum ElementConversion {
    package static func convert(
        _ level: KernelLevel,
        _ type: ElementType,
        from source: UnsafeRawPointer,
        count: Int,
        into values: UnsafeMutablePointer<Float>
    ) {
        switch type {
        case .float32:
            unsafe UnsafeMutableRawPointer(values).copyMemory(from: source, byteCount: 4 * count)
        case .float16:
            unsafe level.kernels.convertFloat16(source, count, values)
        case .float64:
            for i in 0..<count {
                unsafe values[i] = Float(source.loadUnaligned(fromByteOffset: 8 &* i, as: Double.self))
            }
        case .int32:
            for i in 0..<count {
                unsafe values[i] = Float(source.loadUnaligned(fromByteOffset: 4 &* i, as: Int32.self))
            }
        case .int8:
            for i in 0..<count { unsafe values[i] = Float(source.load(fromByteOffset: i, as: Int8.self)) }
        case .uint8:
            for i in 0..<count { unsafe values[i] = Float(source.load(fromByteOffset: i, as: UInt8.self)) }
        }
    }

    /// The reference version of the entry `convertFloat16`.
    static func widen(_ halves: UnsafeRawPointer, _ count: Int, _ values: UnsafeMutablePointer<Float>) {
        for i in 0..<count {
            let bits = unsafe halves.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
            unsafe values[i] = widened(half: bits)
        }
    }

    /// The value of an IEEE half, exactly: every half is a float.
    package static func widened(half bits: UInt16) -> Float {
        let sign = UInt32(bits >> 15) << 31
        let exponent = UInt32(bits >> 10) & 31
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        case 0:  // zero or subnormal: fraction * 2^-24
            let magnitude = Float(fraction) * 0x1p-24
            return sign == 0 ? magnitude : -magnitude
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
