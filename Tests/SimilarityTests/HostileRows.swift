// SPDX-License-Identifier: Apache-2.0

import VectorTestSupport

/// Vectors that are made to break a bound: each kind leaves the codes as little as possible to see.
enum HostileRows: CaseIterable {
    /// Every coordinate at the largest code, with either sign.
    case codeLimit
    /// Coordinates a hair off half a step of the codes, scaled by one large coordinate.
    case halfSteps
    /// All in the last coordinates, where tails are.
    case tails
    /// One vector, with a coordinate or two moved to a neighboring float.
    case nearTies
    /// Few directions, and lengths over many octaves.
    case lengths
    /// A handful of vectors, over and over, zero among them.
    case duplicates
    /// Energy that falls off, as that of embeddings does: what the filter is made for.
    case decaying

    func make(_ count: Int, dimension: Int, random: inout SplitMix64) -> [[Float]] {
        func sign() -> Float { random.below(2) == 0 ? -1 : 1 }
        func unit() -> Float { Float(random.below(1 << 24)) * 0x1p-24 }
        switch self {
        case .codeLimit: return (0..<count).map { _ in (0..<dimension).map { _ in sign() } }
        case .halfSteps:
            let spike = random.below(dimension)
            return (0..<count).map { _ in
                let share = 0.5 + (unit() - 0.5) * 0x1p-10
                return (0..<dimension).map { $0 == spike ? sign() : sign() * share / 127 }
            }
        case .tails:
            let first = dimension - (dimension + 1) / 2
            return (0..<count).map { _ in (0..<dimension).map { $0 < first ? sign() * 0x1p-9 : unit() - 0.25 } }
        case .nearTies:
            let base = (0..<dimension).map { _ in unit() - 0.5 }
            return (0..<count).map { _ in
                var row = base
                for _ in 0..<random.below(3) {
                    let i = random.below(dimension)
                    row[i] = random.below(2) == 0 ? row[i].nextUp : row[i].nextDown
                }
                return row
            }
        case .lengths:
            let directions = (0..<4).map { _ in (0..<dimension).map { _ in unit() - 0.5 } }
            return (0..<count).map { _ in
                let length = Float(sign: .plus, exponent: random.below(40) - 20, significand: 1 + unit())
                return directions[random.below(4)].map { $0 * length + (unit() - 0.5) * 0x1p-6 * length }
            }
        case .duplicates:
            let some =
                [[Float](repeating: 0, count: dimension)]
                + (0..<4).map { _ in (0..<dimension).map { _ in sign() * unit() } }
            return (0..<count).map { _ in some[random.below(some.count)] }
        case .decaying:
            let decay = 1 - 3 / Float(dimension + 3)
            return (0..<count).map { _ in
                var scale: Float = 1
                return (0..<dimension).map { _ in
                    defer { scale *= decay }
                    return (unit() - 0.5) * scale
                }
            }
        }
    }
}
