// SPDX-License-Identifier: Apache-2.0

// The character classes of the reference tokenizer. Its tables are frozen at Unicode 8, so a character assigned later
// has no category there: it is kept by the cleaning step, is never punctuation and never an accent. Asking the running
// toolchain's tables without the age would give other token ids for newer characters, and ids that change with the
// toolchain. Seven characters changed their category after Unicode 8 and are named below.
extension Unicode.Scalar {
    /// Whether the cleaning step drops the character: NUL, the replacement character, and the categories Cc, Cf and
    /// Co, except tab, line feed and carriage return, which count as white space.
    var isDroppedByCleaning: Bool {
        switch value {
        case 9, 10, 13: return false
        case 0, 0xFFFD: return true
        case 0x20..<0x7F: return false
        default:
            switch properties.generalCategory {
            case .control, .format, .privateUse: return isInReferenceTables
            default: return false
            }
        }
    }

    /// Whether the character separates words: Unicode's property White_Space.
    var separatesWords: Bool {
        if isASCII { return value == 0x20 || (9...13).contains(value) }
        return properties.isWhitespace
    }

    /// Whether the character is a word of its own: the ASCII symbols, and the categories P*.
    var isWordPunctuation: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80: return false
        case 0x166D, 0x111C9: return true
        default:
            switch properties.generalCategory {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation:
                return isInReferenceTables
            default: return false
            }
        }
    }

    /// Whether accent stripping drops the character: category Mn.
    var isAccent: Bool {
        switch value {
        case 0..<0x300: return false
        case 0x1734, 0x1171E: return true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        default: return properties.generalCategory == .nonspacingMark && isInReferenceTables
        }
    }

    /// Whether the normalizer `StripAccents` drops the character: categories M*, whose table is frozen at Unicode 9.
    var isCombiningMark: Bool {
        switch value {
        case 0..<0x300: return false
        case 0x1CF2, 0x1CF3: return true
        case 0x111C9: return false
        default:
            switch properties.generalCategory {
            case .nonspacingMark, .spacingMark, .enclosingMark: return properties.age.map { $0.major <= 9 } ?? false
            default: return false
            }
        }
    }

    /// Whether the character is set apart by spaces as a word of its own: the CJK ideographs of BERT's list, which are
    /// the reference's ranges and not a Unicode property (kana and Hangul are written with spaces or pieces).
    ///
    /// The gap from U+2B820 to U+2B91F is the reference's own.
    var isSpacedIdeograph: Bool {
        switch value {
        case 0..<0x3400: return false
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF,
            0x2F800...0x2FA1F:
            return true
        default: return false
        }
    }

    /// Whether the character can be inside a word as regular expressions see it (`\w`); only added tokens that ask to
    /// stand alone need it.
    var isWordCharacter: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    private var isInReferenceTables: Bool {
        guard let age = properties.age else { return false }
        return age.major <= 8
    }
}
