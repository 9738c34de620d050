// SPDX-License-Identifier: Apache-2.0

/// Unicode's canonical decomposition (NFD), as far as stripping accents needs it.
///
/// The standard library offers no public decomposition, and Foundation's would link the whole of ICU for this one
/// step. A table also keeps token ids independent of the toolchain's Unicode version. Where a decomposition holds a
/// character that is no accent, the accents in it are left out of the table: they would be dropped in the next step
/// anyway.
struct CanonicalDecomposition: Sendable {
    /// Decompositions by composed character, of one to three characters each.
    private let decompositions: [Unicode.Scalar: [Unicode.Scalar]]

    /// The one table, parsed on first use.
    static let shared = CanonicalDecomposition(table: table)

    /// Reads a table of runs: `START=A,B*n,C+D`, where the entries belong to consecutive characters from START, `*n`
    /// repeats an entry n times and `+` joins the characters of one entry, all in hexadecimal but n.
    init(table: String) {
        var decompositions: [Unicode.Scalar: [Unicode.Scalar]] = [:]
        for run in table.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let sides = run.split(separator: "=")
            guard sides.count == 2, var composed = UInt32(sides[0], radix: 16) else { continue }
            for entry in sides[1].split(separator: ",") {
                let parts = entry.split(separator: "*")
                let scalars = parts[0].split(separator: "+").compactMap { UInt32($0, radix: 16) }
                    .compactMap(Unicode.Scalar.init)
                for _ in 0..<(parts.count == 2 ? Int(parts[1]) ?? 1 : 1) {
                    if let scalar = Unicode.Scalar(composed) { decompositions[scalar] = scalars }
                    composed += 1
                }
            }
        }
        self.decompositions = decompositions
    }

    /// Decomposes every character and puts runs of combining characters in canonical order.
    ///
    /// - Complexity: O(n) for texts whose runs of combining characters are of bounded length; an insertion sort within
    ///   a run.
    func decompose(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(scalars.count + scalars.count / 4)
        for scalar in scalars {
            if scalar.value < 0xC0 {
                output.append(scalar)
            } else if let decomposition = decompositions[scalar] {
                for part in decomposition { Self.append(part, to: &output) }
            } else if (0xAC00..<0xAC00 + 11_172).contains(scalar.value) {
                Self.appendHangul(scalar.value - 0xAC00, to: &output)
            } else {
                Self.append(scalar, to: &output)
            }
        }
        return output
    }

    /// Appends a character before any that must follow it: combining characters are ordered by class, stably, and
    /// never move past a character of class 0.
    private static func append(_ scalar: Unicode.Scalar, to output: inout [Unicode.Scalar]) {
        let combiningClass = scalar.properties.canonicalCombiningClass
        var place = output.count
        if combiningClass != .notReordered {
            while place > 0, output[place - 1].value >= 0x300,
                output[place - 1].properties.canonicalCombiningClass > combiningClass
            {
                place -= 1
            }
        }
        output.insert(scalar, at: place)
    }

    /// Appends the two or three conjoining jamo of a Hangul syllable, by the arithmetic of the Unicode standard,
    /// section 3.12.
    private static func appendHangul(_ index: UInt32, to output: inout [Unicode.Scalar]) {
        let (leading, vowel, trailing) = (index / 588, index % 588 / 28, index % 28)
        let jamo = [0x1100 + leading, 0x1161 + vowel] + (trailing == 0 ? [] : [0x11A7 + trailing])
        output.append(contentsOf: jamo.compactMap(Unicode.Scalar.init))
    }
}
