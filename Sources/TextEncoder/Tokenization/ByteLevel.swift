// SPDX-License-Identifier: Apache-2.0

/// GPT-2's way to words: no byte is unknown, because each is a character.
enum ByteLevel {
    /// The characters of a word's UTF-8 bytes.
    static func characters(_ word: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        word.flatMap { UTF8.encode($0) ?? UTF8.encodedReplacementCharacter }.map { alphabet[Int($0)] }
    }

    /// Printable characters of Latin-1 stand for themselves, the others for U+0100 and on, in order.
    private static let alphabet: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte -> Unicode.Scalar in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? " "
            }
        }
    }()

    /// Cuts text as the expression `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` does.
    static func words(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var words: [ArraySlice<Unicode.Scalar>] = []
        var place = 0
        while place < text.count {
            let end = contraction(text, at: place) ?? run(text, at: place)
            words.append(text[place..<end])
            place = end
        }
        return words
    }

    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    private static func contraction(_ text: [Unicode.Scalar], at place: Int) -> Int? {
        guard text[place] == "'" else { return nil }
        return contractions.first { text[place...].starts(with: $0) }.map { place + $0.count }
    }

    private enum Kind { case letter, number, space, other }

    private static func kind(_ scalar: Unicode.Scalar) -> Kind {
        if scalar.separatesWords { return .space }
        if scalar.isLetter { return .letter }
        return scalar.isNumber ? .number : .other
    }

    private static func run(_ text: [Unicode.Scalar], at place: Int) -> Int {
        var start = place
        // A space goes with the word behind it.
        if text[place] == " ", place + 1 < text.count, kind(text[place + 1]) != .space { start += 1 }
        let wanted = kind(text[start])
        var end = start + 1
        while end < text.count, kind(text[end]) == wanted { end += 1 }
        // Of a run of white space before a word, the last character is left to it.
        if wanted == .space, end < text.count, end - start > 1 { end -= 1 }
        return end
    }
}

extension Unicode.Scalar {
    /// Categories L*.
    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// Categories N*.
    var isNumber: Bool {
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }
}
