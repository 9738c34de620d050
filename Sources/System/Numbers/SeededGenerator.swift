// SPDX-License-Identifier: Apache-2.0

/// Random numbers of a seed, the same ones on every machine (SplitMix64, one addition and a mix a number: Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", doi:10.1145/2660193.2660195).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    @inlinable
    package init(seed: UInt64) { state = seed }

    @inlinable
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A bijection under which numbers that differ a little differ a lot.
    @inlinable
    package static func mixed(_ number: UInt64) -> UInt64 {
        var z = number
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in [0, 1), a multiple of 2^-53.
    @inlinable
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
