// SPDX-License-Identifier: Apache-2.0
//
// The checksum is XXH64: published values for the sanity buffer of the reference implementation, and for a few texts; any
// way of cutting the bytes gives the same; any flipped bit gives another.

import Testing
import VectorFiles
import VectorTestSupport

@Suite struct ChecksumTests {
    private static let prime: UInt64 = 2_654_435_761

    /// The buffer of xxHash's own sanity check: the top byte of a 32-bit number that is squared again and again.
    private static let sanityBuffer: [UInt8] = {
        var state = UInt32(prime)
        return (0..<222).map { _ in
            defer { state = state &* state }
            return UInt8(state >> 24)
        }
    }()

    /// Length, seed and value, as published with the reference implementation (xxhsum.c, `BMK_sanityCheck`) and with its ports
    /// to Java (lengths 4, 8, 32) and C++ (222).
    private static let published: [(Int, UInt64, UInt64)] = [
        (0, 0, 0xEF46_DB37_51D8_E999), (0, prime, 0xAC75_FDA2_929B_17EF),
        (1, 0, 0x4FCE_394C_C889_52D8), (1, prime, 0x7398_40CB_819F_A723),
        (4, 0, 0x9256_E58A_A397_AEF1), (4, prime, 0x09D5_FFDF_B928_AB4B),
        (8, 0, 0xF74C_B145_1B32_B8CF), (8, prime, 0x9C44_B77F_BCC3_02C5),
        (14, 0, 0xCFFA_8DB8_81BC_3A3D), (14, prime, 0x5B96_1158_5EFC_C9CB),
        (32, 0, 0xAF57_53D3_9159_EDEE), (32, prime, 0xDCAB_9233_B8CA_7B0F),
        (101, 0, 0x0EAB_5433_84F8_78AD), (101, prime, 0xCAA6_5939_306F_1E21),
        (222, 0, 0x9DD5_0788_0DEB_B03D), (222, prime, 0xDC51_5172_B8EE_0600),
    ]

    @Test("the published values", arguments: published.indices)
    func publishedValues(index: Int) {
        let (count, seed, expected) = Self.published[index]
        let bytes = Array(Self.sanityBuffer.prefix(count))
        #expect(Checksum64.of(bytes.span, seed: seed) == expected)
    }

    @Test("texts, checked with another implementation")
    func texts() {
        #expect(Checksum64.of(Array("a".utf8).span) == 0xD24E_C4F1_A98C_6E5B)
        #expect(Checksum64.of(Array("abc".utf8).span) == 0x44BC_2CF5_AD77_0999)
    }

    @Test("any way of cutting the bytes gives the same value, which can be asked for on the way")
    func pieces() {
        var random = SplitMix64(seed: 7)
        let bytes = (0..<1000).map { _ in UInt8(random.below(256)) }
        for _ in 0..<200 {
            var checksum = Checksum64()
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + random.below(1 + random.below(100)))
                checksum.update(bytes.span.extracting(start..<end))
                #expect(checksum.value == Checksum64.of(bytes.span.extracting(0..<end)))
                start = end
            }
        }
    }

    @Test("every flipped bit shows")
    func flips() {
        var bytes = Array(Self.sanityBuffer.prefix(101))
        var seen: Set<UInt64> = [Checksum64.of(bytes.span)]
        for place in bytes.indices {
            for bit in 0..<8 {
                bytes[place] ^= 1 << UInt8(bit)
                seen.insert(Checksum64.of(bytes.span))
                bytes[place] ^= 1 << UInt8(bit)
            }
        }
        #expect(seen.count == 1 + 8 * 101)
    }
}
