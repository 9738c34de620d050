// SPDX-License-Identifier: Apache-2.0

/// Inputs for kernels and searches, each kind with a weakness in mind.
package enum TestVectors: String, CaseIterable, Sendable {
    /// Integers of -8...8: with fewer than 2^17 terms every partial sum of a dot product is exact in `Float`.
    case exactIntegers
    /// The same times a power of two per call site; still exact.
    case scaledIntegers
    /// Uniform in [-1, 1).
    case uniform
    /// Magnitudes over many orders, mixed signs.
    case lognormal
    /// Pairs of terms that nearly cancel: the sum is small against its terms.
    case cancelling
    /// The nastiest finite floats that still sum in range: subnormals, -0, 1e-44, 1e18, ties and cancellation.
    case adversarial

    package func values(_ count: Int, using random: inout SplitMix64) -> [Float] {
        switch self {
        case .exactIntegers: (0..<count).map { _ in Float(random.below(17) - 8) }
        case .scaledIntegers: (0..<count).map { _ in Float(random.below(17) - 8) * 0x1p-13 }
        case .uniform: (0..<count).map { _ in random.signedUnit() }
        case .lognormal: (0..<count).map { _ in Self.lognormal(&random) }
        case .cancelling: Self.cancelling(count, &random)
        case .adversarial: (0..<count).map { _ in Self.nasty(&random) }
        }
    }

    /// Kinds whose dot products are exact in single precision, in any order, fused or not.
    package static let exact: [TestVectors] = [.exactIntegers, .scaledIntegers]
    /// Kinds for which a bound must hold.
    package static let rounded: [TestVectors] = [.uniform, .lognormal, .cancelling]

    private static func lognormal(_ random: inout SplitMix64) -> Float {
        // 2 to a normal number with a deviation of 5 binary orders, by way of its exponent and a uniform significand.
        let exponent = Int((5 * random.normal()).rounded())
        return Float(sign: random.below(2) == 0 ? .plus : .minus, exponent: exponent, significand: 1)
            * (1.5 + random.signedUnit() / 2)
    }

    private static func cancelling(_ count: Int, _ random: inout SplitMix64) -> [Float] {
        var values: [Float] = []
        while values.count < count {
            let large = random.signedUnit() * 1000
            values += [large, -large * (1 + random.signedUnit() * 1e-6)]
        }
        return Array(values.prefix(count))
    }

    private static func nasty(_ random: inout SplitMix64) -> Float {
        let sign: Float = random.below(2) == 0 ? 1 : -1
        switch random.below(9) {
        case 0: return sign * 0
        case 1: return sign * .leastNonzeroMagnitude
        case 2: return sign * Float(bitPattern: 7)  // 1e-44
        case 3: return sign * Float(bitPattern: UInt32(random.below(1 << 23)))
        case 4: return sign * 1e18
        case 5: return sign * 1e18 * (1 + Float(random.below(3)) * 0x1p-23)
        case 6: return sign
        case 7: return random.signedUnit()
        default: return random.signedUnit() * Float(sign: .plus, exponent: random.below(110) - 60, significand: 1)
        }
    }
}

/// Row-major rows of `dimension` integers around a few centers, with exact duplicates, multiples and zero rows: ties in
/// plenty, all of them exact.
package func clusteredRows(count: Int, dimension: Int, seed: UInt64, zeroRows: Bool = true) -> [[Float]] {
    var random = SplitMix64(seed: seed)
    let centers = (0..<max(1, count / 12)).map { _ in (0..<dimension).map { _ in Float(random.below(9) - 4) } }
    var rows: [[Float]] = []
    for i in 0..<count {
        let center = centers[random.below(centers.count)]
        switch random.below(zeroRows ? 10 : 9) {
        case 0: rows.append(center)
        case 1: rows.append(center.map { 2 * $0 })
        case 2: rows.append(i > 0 ? rows[random.below(i)] : center)
        case 9: rows.append(center.map { _ in random.below(2) == 0 ? 0 : -0.0 })
        default: rows.append(center.map { $0 + Float(random.below(3) - 1) })
        }
        if !zeroRows, rows[i].allSatisfy({ $0 == 0 }) { rows[i][0] = 1 }
    }
    return rows
}

/// Rows like embeddings: normal components whose spread falls along the dimension, around centers, then rounded to
/// `Float`; one in ten is a near-duplicate of an earlier row.
package func embeddingLikeRows(count: Int, dimension: Int, seed: UInt64, scale: Float = 1) -> [[Float]] {
    var random = SplitMix64(seed: seed)
    let centers = (0..<8).map { _ in (0..<dimension).map { _ in random.normal() } }
    var rows: [[Float]] = []
    for i in 0..<count {
        if i > 0, random.below(10) == 0 {
            rows.append(rows[random.below(i)].map { $0 * (1 + random.signedUnit() * 1e-5) })
            continue
        }
        let center = centers[random.below(centers.count)]
        rows.append(
            (0..<dimension).map { j in
                scale * Float((0.7 * center[j] + random.normal()) / (1 + 4 * Double(j) / Double(dimension)))
            }
        )
    }
    return rows
}
