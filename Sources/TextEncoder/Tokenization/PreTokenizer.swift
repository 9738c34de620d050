// SPDX-License-Identifier: Apache-2.0

/// How normalized text becomes words: steps, each over the words of the one before. Without a step the whole text is one word.
struct PreTokenizer: Sendable {
    enum Step: Sendable {
        /// BERT's: at white space, which is dropped, and around punctuation.
        case bert
        /// At white space, which is dropped.
        case whiteSpace
        /// Words of letters, marks and digits, and what is between them and no white space.
        case wordsAndSymbols
        /// Around punctuation.
        case punctuation
        /// Around runs of digits, or around each.
        case digits(oneByOne: Bool)
        /// SentencePiece's: spaces are characters of words, and words begin at them.
        case metaspace(Unicode.Scalar, prepends: Metaspace, splits: Bool)
        /// GPT-2's: every byte is a character of its own.
        case byteLevel(prependsSpace: Bool, splits: Bool)

        fileprivate var dropsWhiteSpace: Bool {
            switch self {
            case .bert, .whiteSpace, .wordsAndSymbols: true
            default: false
            }
        }
    }

    /// Whether a text gets a space at its start that has none.
    enum Metaspace: String, Sendable {
        case always, first, never
    }

    let steps: [Step]

    /// Whether the beginning of a text is split in another way than the rest.
    var marksStarts: Bool {
        steps.contains { if case .metaspace(_, prepends: .first, _) = $0 { true } else { false } }
    }

    /// Calls a function with word after word, until it is false.
    ///
    /// - Parameter isStart: Whether the text is the beginning of what was to be tokenized.
    func forEachWord(of text: ArraySlice<Unicode.Scalar>, isStart: Bool, _ body: (borrowing Word) -> Bool) {
        if steps.count == 1, case .bert = steps[0] { return Self.forEachBERTWord(of: text, body) }
        var isStart = isStart
        var words = [Array(text)]
        for step in steps {
            let first = words.first?.first
            words = words.enumerated().flatMap { Self.split($1, isStart && $0 == 0, at: step) }
            if step.dropsWhiteSpace, first?.separatesWords ?? true { isStart = false }
        }
        var buffer = Word()
        for word in words where !word.isEmpty {
            buffer.clear()
            for scalar in word { buffer.append(scalar) }
            if !body(buffer) { return }
        }
    }

    private static func forEachBERTWord(of text: ArraySlice<Unicode.Scalar>, _ body: (borrowing Word) -> Bool) {
        var word = Word()
        func finish() -> Bool {
            if word.scalarCount == 0 { return true }
            let goesOn = body(word)
            word.clear()
            return goesOn
        }
        for scalar in text {
            if scalar.separatesWords {
                guard finish() else { return }
            } else if scalar.isWordPunctuation {
                guard finish() else { return }
                word.append(scalar)
                guard finish() else { return }
            } else {
                word.append(scalar)
            }
        }
        _ = finish()
    }

    private static func split(_ text: [Unicode.Scalar], _ isStart: Bool, at step: Step) -> [[Unicode.Scalar]] {
        switch step {
        case .bert:
            return text.split(whereSeparator: \.separatesWords).flatMap {
                runs(of: $0) { $0.isWordPunctuation ? .alone : .run(0) }
            }
        case .whiteSpace: return text.split(whereSeparator: \.separatesWords).map(Array.init)
        case .wordsAndSymbols:
            return text.split(whereSeparator: \.separatesWords).flatMap {
                runs(of: $0) { .run($0.isWordCharacter ? 0 : 1) }
            }
        case .punctuation: return runs(of: text[...]) { $0.isWordPunctuation ? .alone : .run(0) }
        case .digits(let oneByOne):
            return runs(of: text[...]) { $0.isNumber ? oneByOne ? .alone : .run(1) : .run(0) }
        case .metaspace(let mark, let prepends, let splits):
            var marked = text.map { $0 == " " ? mark : $0 }
            if prepends == .always || prepends == .first && isStart, let first = marked.first, first != mark {
                marked.insert(mark, at: 0)
            }
            guard splits else { return [marked] }
            var words: [[Unicode.Scalar]] = []
            for scalar in marked {
                if scalar == mark || words.isEmpty { words.append([]) }
                words[words.count - 1].append(scalar)
            }
            return words
        case .byteLevel(let prependsSpace, let splits):
            let spaced = prependsSpace && !text.isEmpty && text.first != " " ? [" "] + text : text
            return (splits ? ByteLevel.words(of: spaced) : [spaced[...]]).map(ByteLevel.characters)
        }
    }

    private enum Kind: Equatable {
        case alone
        case run(Int)
    }

    /// Cuts text where the kind of its characters changes, and around those that stand alone.
    private static func runs(
        of text: ArraySlice<Unicode.Scalar>,
        by kind: (Unicode.Scalar) -> Kind
    ) -> [[Unicode.Scalar]] {
        var words: [[Unicode.Scalar]] = []
        var last: Kind?
        for scalar in text {
            let next = kind(scalar)
            if next == .alone || next != last { words.append([]) }
            words[words.count - 1].append(scalar)
            last = next
        }
        return words
    }
}
