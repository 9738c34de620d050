// SPDX-License-Identifier: Apache-2.0

/// The inner loop of XXH64, whose frame, specification and source are those of `Checksum64` in `VectorFiles`.
package enum ChecksumStripes {
    package static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    package static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    /// Bytes of a stripe: a 64-bit number for each accumulator.
    package static let byteCount = 32

    /// Adds whole stripes to the four accumulators.
    ///
    /// - Precondition: `bytes.count` is a multiple of `byteCount`.
    package static func add(_ bytes: Span<UInt8>, to accumulators: inout SIMD4<UInt64>) {
        precondition(bytes.count % byteCount == 0)
        var (a, b, c, d) = (accumulators[0], accumulators[1], accumulators[2], accumulators[3])
        unsafe bytes.withUnsafeBytes { bytes in
            func word(_ at: Int) -> UInt64 {
                unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            }
            var at = 0
            while at < bytes.count {
                a = round(a, word(at))
                b = round(b, word(at &+ 8))
                c = round(c, word(at &+ 16))
                d = round(d, word(at &+ 24))
                at &+= byteCount
            }
        }
        accumulators = SIMD4(a, b, c, d)
    }

    @inline(__always)
    package static func round(_ accumulator: UInt64, _ word: UInt64) -> UInt64 {
        (accumulator &+ word &* prime2).rotated(31) &* prime1
    }
}

extension UInt64 {
    /// The bits moved to the left, around the end.
    @inline(__always)
    package func rotated(_ count: UInt64) -> UInt64 { self &<< count | self &>> (64 &- count) }
}
