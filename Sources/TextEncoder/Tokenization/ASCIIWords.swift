// SPDX-License-Identifier: Apache-2.0

/// BERT's way from a text in ASCII to its words, in one pass over its bytes: the same words as the steps for all of Unicode give.
struct ASCIIWords: Sendable {
    /// What a byte becomes: itself or its lowercase in a word, a word of its own (with the high bit), or one of those below.
    private let classes: [UInt8]

    private static let separator: UInt8 = 0
    private static let dropped: UInt8 = 0x80
    /// No byte of ASCII, or one that an added token begins with.
    private static let unknown: UInt8 = 0xFF

    /// Asks the steps what each character of ASCII becomes; nil if they are not BERT's.
    init?(_ normalizer: Normalizer, _ preTokenizer: PreTokenizer, added: [AddedTokens]) {
        guard preTokenizer.steps.count == 1, case .bert = preTokenizer.steps[0], normalizer.steps.count <= 1 else {
            return nil
        }
        if let step = normalizer.steps.first {
            guard case .bert = step else { return nil }
        }
        var classes = [UInt8](repeating: Self.unknown, count: 256)
        for byte in 0..<UInt8(128) {
            let scalar = Unicode.Scalar(byte)
            let normalized = normalizer.normalize([scalar])
            if added.contains(where: { $0.canBegin(with: scalar) || normalized.contains(where: $0.canBegin) }) {
                continue
            }
            guard let first = normalized.first else {
                classes[Int(byte)] = Self.dropped
                continue
            }
            guard normalized.count == 1, first.isASCII else { return nil }
            let value = UInt8(first.value)
            if first.separatesWords {
                classes[Int(byte)] = Self.separator
            } else if value == 0 {
                // NUL that is not cleaned away is a character of a word, and no class has room for it.
                continue
            } else {
                classes[Int(byte)] = first.isWordPunctuation ? value | 0x80 : value
            }
        }
        self.classes = classes
    }

    /// Calls a function with word after word, until it is false.
    ///
    /// - Returns: Whether the text could be read so; if not, what was called with is not to be used.
    func forEachWord(of text: Span<UInt8>, _ body: (borrowing Word) -> Bool) -> Bool {
        var word = Word()
        for place in text.indices {
            let kind = classes[Int(text[place])]
            if kind < 0x80, kind != Self.separator {
                word.append(ascii: kind)
                continue
            }
            if kind == Self.dropped { continue }
            if kind == Self.unknown { return false }
            if word.scalarCount > 0 {
                if !body(word) { return true }
                word.clear()
            }
            if kind != Self.separator {
                word.append(ascii: kind & 0x7F)
                if !body(word) { return true }
                word.clear()
            }
        }
        if word.scalarCount > 0 { _ = body(word) }
        return true
    }
}
