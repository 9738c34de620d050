// SPDX-License-Identifier: Apache-2.0

internal import System

extension SeededGenerator {
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
