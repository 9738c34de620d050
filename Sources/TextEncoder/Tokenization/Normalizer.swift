// SPDX-License-Identifier: Apache-2.0

/// What is done to a text before it is split into words: steps, each over the output of the one before.
struct Normalizer: Sendable {
    enum Step: Sendable {
        case bert(BERTNormalizer)
        /// Each scalar by Unicode's full mapping, without context.
        case lowercase
        /// Drops white space at the ends.
        case strip(start: Bool, end: Bool)
        /// Decomposes canonically and drops combining marks.
        case decomposeWithoutAccents
        /// Drops combining marks of the text as it is.
        case stripAccents
        /// Puts something before a text that is not empty.
        case prepend([Unicode.Scalar])
        case replace([Unicode.Scalar], with: [Unicode.Scalar])
        /// Replaces each run of at least so many spaces, or characters of white space.
        case replaceRuns(ofSpaces: Bool, atLeast: Int, with: [Unicode.Scalar])
        case map(CharacterMap)
    }

    var steps: [Step]

    /// The normalized text.
    ///
    /// - Complexity: O(n) in the number of scalars for every step.
    func normalize(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        if steps.count == 1, case .bert(let normalizer) = steps[0] { return normalizer.normalize(scalars) }
        return steps.reduce(Array(scalars)) { Self.apply($1, to: $0) }
    }

    /// Whether the first scalar of the normalized text is what the first one of the text became, and not one behind it.
    func keepsStart(of scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        !steps.reduce(Array(scalars.prefix(1))) { Self.apply($1, to: $0) }.isEmpty
    }

    /// Lowercases what is not lowercased yet, as some models ask for beside their tokenizer.
    mutating func lowercase() {
        if steps.count == 1, case .bert(var normalizer) = steps[0] {
            normalizer.lowercases = true
            steps = [.bert(normalizer)]
        } else {
            steps.insert(.lowercase, at: 0)
        }
    }

    private static func apply(_ step: Step, to text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        switch step {
        case .bert(let normalizer): return normalizer.normalize(text[...])
        case .lowercase: return BERTNormalizer.lowercase(text)
        case .strip(let start, let end):
            var rest = text[...]
            if start { rest = rest.drop(while: \.separatesWords) }
            if end { while rest.last?.separatesWords == true { rest.removeLast() } }
            return Array(rest)
        case .decomposeWithoutAccents:
            return CanonicalDecomposition.shared.decompose(text).filter { !$0.isCombiningMark }
        case .stripAccents: return text.filter { !$0.isCombiningMark }
        case .prepend(let start): return text.isEmpty ? [] : start + text
        case .replace(let pattern, let replacement): return replacing(pattern, in: text, by: replacement)
        case .replaceRuns(let ofSpaces, let least, let replacement):
            return replacingRuns(in: text, atLeast: least, by: replacement) { ofSpaces ? $0 == " " : $0.separatesWords }
        case .map(let map): return map.normalize(text)
        }
    }

    private static func replacing(
        _ pattern: [Unicode.Scalar],
        in text: [Unicode.Scalar],
        by replacement: [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        guard let first = pattern.first else { return text }
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            if text[place] == first, text[place...].starts(with: pattern) {
                output += replacement
                place += pattern.count
            } else {
                output.append(text[place])
                place += 1
            }
        }
        return output
    }

    private static func replacingRuns(
        in text: [Unicode.Scalar],
        atLeast least: Int,
        by replacement: [Unicode.Scalar],
        of isInRun: (Unicode.Scalar) -> Bool
    ) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            var end = place
            while end < text.count, isInRun(text[end]) { end += 1 }
            if end - place >= least {
                output += replacement
            } else {
                end = max(end, place + 1)
                output += text[place..<end]
            }
            place = end
        }
        return output
    }
}
