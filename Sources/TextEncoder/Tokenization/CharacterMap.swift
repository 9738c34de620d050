// SPDX-License-Identifier: Apache-2.0

/// The normalization that SentencePiece compiles into a model: a trie from characters to what replaces them.
///
/// The trie is a double array (Yata, "Dictionary compression using nested prefix/Patricia tries", as darts-clone stores it): a unit of 32 bits has a
/// label in the low byte, an offset in the high bits, and bit 8 for a value behind it.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    /// The replacements in UTF-8, each ended by a zero byte.
    private let replacements: [UInt8]

    /// Reads base64 of: the byte count of the trie (UInt32, little-endian), the trie, the replacements; nil if it is nothing of the kind.
    init?(base64 text: String) {
        guard let bytes = Self.decode(text), bytes.count >= 4 else { return nil }
        func unit(_ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) } }
        let trieCount = Int(unit(0))
        guard trieCount > 0, trieCount % 4 == 0, trieCount <= bytes.count - 4 else { return nil }
        units = stride(from: 4, to: 4 + trieCount, by: 4).map(unit)
        replacements = Array(bytes[(4 + trieCount)...])
        guard String(validating: replacements, as: UTF8.self) != nil else { return nil }
    }

    /// Replaces short grapheme clusters whole if a beginning of theirs is in the trie, else character by character. That the shortest entry decides,
    /// and the rest of a cluster is dropped then, is what the reference does.
    func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var string = String.UnicodeScalarView()
        string.append(contentsOf: text)
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(text.count)
        for character in String(string) {
            if character.utf8.count < 6, let replacement = replacement(Array(character.utf8)) {
                output += replacement
                continue
            }
            for scalar in character.unicodeScalars {
                if let replacement = replacement(Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)) {
                    output += replacement
                } else {
                    output.append(scalar)
                }
            }
        }
        return output
    }

    /// What the shortest entry that the bytes begin with becomes; nil if there is none.
    private func replacement(_ key: [UInt8]) -> [Unicode.Scalar]? {
        var place = offset(units[0])
        for byte in key {
            if byte == 0 { return nil }
            place ^= Int(byte)
            guard place < units.count, units[place] & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            let hasValue = units[place] >> 8 & 1 == 1
            place ^= offset(units[place])
            guard hasValue else { continue }
            guard place < units.count else { return nil }
            let start = Int(units[place] & ~(1 << 31))
            guard start <= replacements.count else { return nil }
            let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
            return Array(String(decoding: replacements[start..<end], as: UTF8.self).unicodeScalars)
        }
        return nil
    }

    private func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }

    /// RFC 4648, section 4, with padding.
    private static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for character in text.utf8 {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
