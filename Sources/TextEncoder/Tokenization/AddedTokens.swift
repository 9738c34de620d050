// SPDX-License-Identifier: Apache-2.0

/// A token that is recognized in the text itself, before words are split: `[CLS]`, `[MASK]` and the like.
struct AddedToken: Sendable {
    let id: Int32
    let content: [Unicode.Scalar]
    /// Recognized only where no word character touches it.
    var standsAlone = false
    /// Takes the white space before it along.
    var takesSpaceBefore = false
    /// Takes the white space after it along.
    var takesSpaceAfter = false
}

/// A set of added tokens, and where they are in a text.
struct AddedTokens: Sendable {
    /// A part of a text: plain scalars yet to be split, or one added token.
    enum Part {
        case text(Range<Int>)
        case token(Int32)
    }

    private var byFirst: [Unicode.Scalar: [AddedToken]] = [:]
    /// Whether each character of ASCII is a first one, so that most need no look-up.
    private var isFirst = [Bool](repeating: false, count: 128)

    /// Groups the tokens by first character, longest first; empty tokens are left out.
    init(_ tokens: [AddedToken]) {
        for token in tokens {
            guard let first = token.content.first else { continue }
            byFirst[first, default: []].append(token)
            if first.isASCII { isFirst[Int(first.value)] = true }
        }
        byFirst = byFirst.mapValues { $0.sorted { $0.content.count > $1.content.count } }
    }

    /// Whether a token begins with a scalar.
    func canBegin(with scalar: Unicode.Scalar) -> Bool { byFirst[scalar] != nil }

    /// Cuts a text at the added tokens in it: the leftmost first, of those that begin at one place the longest.
    ///
    /// - Complexity: O(n) plus the comparisons at places where some token begins.
    func split(_ text: [Unicode.Scalar]) -> [Part] {
        var parts: [Part] = []
        var plainStart = 0
        var place = 0
        while place < text.count {
            guard !byFirst.isEmpty, let token = token(in: text, at: place) else {
                place += 1
                continue
            }
            var (start, end) = (place, place + token.content.count)
            if token.standsAlone, touchesWord(text, start: start, end: end) {
                place = end
                continue
            }
            if token.takesSpaceBefore {
                while start > plainStart, text[start - 1].separatesWords { start -= 1 }
            }
            if token.takesSpaceAfter {
                while end < text.count, text[end].separatesWords { end += 1 }
            }
            if start > plainStart { parts.append(.text(plainStart..<start)) }
            parts.append(.token(token.id))
            plainStart = end
            place = end
        }
        if plainStart < text.count { parts.append(.text(plainStart..<text.count)) }
        return parts
    }

    private func token(in text: [Unicode.Scalar], at place: Int) -> AddedToken? {
        guard !text[place].isASCII || isFirst[Int(text[place].value)] else { return nil }
        return byFirst[text[place]]?.first { text[place...].starts(with: $0.content) }
    }

    private func touchesWord(_ text: [Unicode.Scalar], start: Int, end: Int) -> Bool {
        (start > 0 && text[start - 1].isWordCharacter) || (end < text.count && text[end].isWordCharacter)
    }
}
