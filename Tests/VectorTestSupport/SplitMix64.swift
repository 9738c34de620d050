// SPDX-License-Identifier: Apache-2.0

internal import System

/// The SplitMix64 generator, with what tests draw: a seed names a sequence, on every machine.
///
/// A test prints its seed when it fails.
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", doi:10.1145/2660193.2660195.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var generator: SeededGenerator

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    package mutating func next() -> UInt64 { generator.next() }

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
