// SPDX-License-Identifier: Apache-2.0

/// BERT's text normalization, step for step as the reference does it.
///
/// The steps run in this order, each over the output of the one before: clean, set ideographs apart, strip accents,
/// lowercase. Everything works on Unicode scalars; grapheme clusters play no part in BERT.
struct BERTNormalizer: Sendable, Equatable {
    /// Drops control characters and turns every white space character into a space.
    var cleansText: Bool
    /// Surrounds CJK ideographs by spaces.
    var spacesIdeographs: Bool
    /// Decomposes characters canonically and drops nonspacing marks.
    var stripsAccents: Bool
    /// Lowercases each scalar by Unicode's full mapping, without context.
    var lowercases: Bool

    /// The normalized text.
    ///
    /// - Complexity: O(n) in the number of scalars; a text in ASCII takes one pass.
    func normalize(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        if scalars.allSatisfy(\.isASCII) { return normalizeASCII(scalars) }
        var text = Array(scalars)
        if cleansText { text = clean(text) }
        if spacesIdeographs { text = spaceIdeographs(text) }
        if stripsAccents {
            text = CanonicalDecomposition.shared.decompose(text)
            text.removeAll(where: \.isAccent)
        }
        if lowercases { text = Self.lowercase(text) }
        return text
    }

    /// ASCII has no ideographs and no accents, and its lowercase mapping is one bit.
    private func normalizeASCII(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(scalars.count)
        for scalar in scalars {
            if cleansText {
                if scalar.isDroppedByCleaning { continue }
                if scalar.separatesWords {
                    output.append(" ")
                    continue
                }
            }
            let isUppercase = lowercases && (0x41...0x5A).contains(scalar.value)
            output.append(isUppercase ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar)
        }
        return output
    }

    private func clean(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        scalars.compactMap { scalar in
            if scalar.isDroppedByCleaning { return nil }
            return scalar.separatesWords ? " " : scalar
        }
    }

    private func spaceIdeographs(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(scalars.count)
        for scalar in scalars {
            if scalar.isSpacedIdeograph {
                output += [" ", scalar, " "]
            } else {
                output.append(scalar)
            }
        }
        return output
    }

    /// Each scalar by Unicode's full mapping, without context.
    static func lowercase(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(scalars.count)
        for scalar in scalars {
            if scalar.properties.changesWhenLowercased {
                output.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            } else {
                output.append(scalar)
            }
        }
        return output
    }
}
