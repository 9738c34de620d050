// SPDX-License-Identifier: Apache-2.0

/// The SplitMix64 generator: a seed names a sequence, on every machine.
///
/// A test prints its seed when it fails.
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", doi:10.1145/2660193.2660195.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `0..<bound`; the slight bias of a remainder does not matter to tests.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// A number in [-1, 1), a multiple of 2^-23.
    package mutating func signedUnit() -> Float { Float(Int64(next() >> 40)) * 0x1p-23 - 1 }

    /// A number of about the standard normal distribution: the sum of twelve uniform numbers.
    package mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += Double(next() >> 11) * 0x1p-53 }
        return sum
    }

    /// Any finite float: all bit patterns alike, so half of them are smaller than 1 and many are far from it.
    package mutating func anyFinite() -> Float {
        while true {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: next()))
            if value.isFinite { return value }
        }
    }
}
