// SPDX-License-Identifier: Apache-2.0

internal import System

/// The one checksum of this package's own files: XXH64, 64 bits, quick enough to be looked at whenever a file is opened.
///
/// It finds damage, not malice: anybody can make a file with a right checksum.
///
///     var checksum = Checksum64()
///     checksum.update(header.span)
///     checksum.update(data.span)
///     checksum.value == Checksum64.of((header + data).span)
///
/// Specification: Yann Collet, "xxHash fast digest algorithm", format version 0.2.0, section "XXH64 algorithm description"
/// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Files use the seed 0.
///
/// - Complexity: four multiplications every 32 bytes, which do not wait for each other.
package struct Checksum64: Sendable {
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    /// Bytes that the four accumulators take at a time.
    private static let stripe = ChecksumStripes.byteCount

    private let seed: UInt64
    private var accumulators: SIMD4<UInt64>
    /// Bytes so far, modulo 2^64.
    private var count: UInt64 = 0
    /// Bytes that do not fill a stripe yet.
    private var rest: [UInt8] = []

    package init(seed: UInt64 = 0) {
        self.seed = seed
        accumulators = SIMD4(
            seed &+ ChecksumStripes.prime1 &+ ChecksumStripes.prime2,
            seed &+ ChecksumStripes.prime2,
            seed,
            seed &- ChecksumStripes.prime1
        )
    }

    /// The checksum of all bytes at once.
    package static func of(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var checksum = Checksum64(seed: seed)
        checksum.update(bytes)
        return checksum.value
    }

    /// Appends bytes; how they are cut into calls does not matter.
    package mutating func update(_ bytes: Span<UInt8>) {
        count &+= UInt64(bytes.count)
        var start = 0
        if !rest.isEmpty {
            start = min(Self.stripe - rest.count, bytes.count)
            for i in 0..<start { rest.append(bytes[i]) }
            if rest.count < Self.stripe { return }
            let full = rest
            ChecksumStripes.add(full.span, to: &accumulators)
            rest = []
        }
        let end = bytes.count - (bytes.count - start) % Self.stripe
        ChecksumStripes.add(bytes.extracting(start..<end), to: &accumulators)
        for i in end..<bytes.count { rest.append(bytes[i]) }
    }

    /// The checksum of all bytes so far.
    package var value: UInt64 {
        var hash = seed &+ Self.prime5
        if count >= UInt64(Self.stripe) {
            let (a, b, c, d) = (accumulators[0], accumulators[1], accumulators[2], accumulators[3])
            hash = a.rotated(1) &+ b.rotated(7) &+ c.rotated(12) &+ d.rotated(18)
            for accumulator in [a, b, c, d] {
                hash = (hash ^ ChecksumStripes.round(0, accumulator)) &* ChecksumStripes.prime1 &+ Self.prime4
            }
        }
        hash &+= count
        var at = 0
        while rest.count - at >= 8 {
            hash = (hash ^ ChecksumStripes.round(0, word(at, 8))).rotated(27) &* ChecksumStripes.prime1 &+ Self.prime4
            at += 8
        }
        if rest.count - at >= 4 {
            hash = (hash ^ word(at, 4) &* ChecksumStripes.prime1).rotated(23) &* ChecksumStripes.prime2 &+ Self.prime3
            at += 4
        }
        while at < rest.count {
            hash = (hash ^ word(at, 1) &* Self.prime5).rotated(11) &* ChecksumStripes.prime1
            at += 1
        }
        hash = (hash ^ hash >> 33) &* ChecksumStripes.prime2
        hash = (hash ^ hash >> 29) &* Self.prime3
        return hash ^ hash >> 32
    }

    /// A little-endian number in the rest.
    private func word(_ start: Int, _ byteCount: Int) -> UInt64 {
        var value: UInt64 = 0
        for i in (0..<byteCount).reversed() { value = value << 8 | UInt64(rest[start + i]) }
        return value
    }
}
