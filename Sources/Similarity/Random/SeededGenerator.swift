// SPDX-License-Identifier: Apache-2.0

/// Random numbers of a seed: the same ones on every machine (SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", doi:10.1145/2660193.2660195).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in [0, 1), a multiple of 2^-53.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number of about the standard normal distribution: the sum of twelve uniform ones, which needs no function that differs from
    /// one machine to the next.
    mutating func nearlyNormal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += unit() }
        return sum
    }

    /// `count` of the numbers below `bound`, ascending (Vitter's selection sampling).
    ///
    /// - Precondition: `0 <= count <= bound`.
    mutating func sample(_ count: Int, below bound: Int) -> [Int] {
        precondition(count >= 0 && count <= bound, "\(count) of \(bound)")
        var chosen: [Int] = []
        chosen.reserveCapacity(count)
        for number in 0..<bound where unit() * Double(bound - number) < Double(count - chosen.count) {
            chosen.append(number)
        }
        return chosen
    }
}
