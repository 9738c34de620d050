// SPDX-License-Identifier: Apache-2.0

/// Text to token ids, as the tokenizer of a model does it.
///
/// Added tokens are cut out of the raw text, the rest is normalized, split into words, and each word is put together from the pieces of the
/// vocabulary. The ids are those of the reference implementation (https://github.com/huggingface/tokenizers), character classes of its Unicode
/// version included.
struct Tokenizer: Sendable {
    let model: TokenModel
    private(set) var normalizer: Normalizer
    let preTokenizer: PreTokenizer
    /// The short way for texts in ASCII; nil where there is none.
    private var asciiWords: ASCIIWords?
    /// Added tokens that are found in the text as it comes.
    let rawTokens: AddedTokens
    /// Added tokens that are found in the normalized text.
    let normalizedTokens: AddedTokens
    /// The ids before the text's own, `[CLS]` for BERT.
    let prefix: [Int32]
    /// The ids after the text's own, `[SEP]` for BERT.
    let suffix: [Int32]
    /// The truncation that the tokenizer's own file asks for, prefix and suffix included.
    let truncation: Int?
    /// One more than the largest id there is, added tokens included.
    let idBound: Int
    /// The median of the scalars of a piece, added tokens included, rounded down.
    let medianPieceLength: Int

    init(
        _ model: TokenModel,
        _ normalizer: Normalizer,
        _ preTokenizer: PreTokenizer,
        rawTokens: [AddedToken],
        normalizedTokens: [AddedToken],
        special: (prefix: [Int32], suffix: [Int32]),
        truncation: Int?,
        pieces: [Piece]
    ) {
        self.model = model
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.rawTokens = AddedTokens(rawTokens)
        self.normalizedTokens = AddedTokens(normalizedTokens)
        (prefix, suffix) = special
        self.truncation = truncation
        let added = rawTokens + normalizedTokens
        let ids = pieces.map(\.id)
        idBound = (ids + added.map(\.id) + prefix + suffix).max().map { Int($0) + 1 } ?? 0
        let known = Set(ids)
        let lengths = pieces.map(\.scalarCount) + added.filter { !known.contains($0.id) }.map(\.content.count)
        medianPieceLength = Self.median(lengths)
        asciiWords = ASCIIWords(normalizer, preTokenizer, added: [self.rawTokens, self.normalizedTokens])
    }

    private static func median(_ lengths: [Int]) -> Int {
        let lengths = lengths.sorted()
        guard !lengths.isEmpty else { return 0 }
        return (lengths[(lengths.count - 1) / 2] + lengths[lengths.count / 2]) / 2
    }

    /// Lowercases texts before all else, as some models ask for beside their tokenizer.
    mutating func lowercase() {
        normalizer.lowercase()
        asciiWords = ASCIIWords(normalizer, preTokenizer, added: [rawTokens, normalizedTokens])
    }

    /// The ids of a text with prefix and suffix, cut to `maxCount` by leaving out the end of the text.
    ///
    /// An empty or blank text gives the prefix and the suffix alone.
    /// - Precondition: `maxCount` has room for prefix and suffix.
    func tokenIDs(for text: String, maxCount: Int) -> [Int32] {
        precondition(maxCount >= prefix.count + suffix.count, "\(maxCount) tokens have no room for the special tokens")
        let limit = maxCount - suffix.count
        var ids = prefix
        let isRead =
            asciiWords?.forEachWord(of: text.utf8.span) { word in
                model.appendPieces(of: word, to: &ids)
                return ids.count < limit
            } ?? false
        if !isRead {
            ids.removeSubrange(prefix.count...)
            append(Array(text.unicodeScalars), to: &ids, limit: limit)
        }
        if ids.count > limit { ids.removeSubrange(limit...) }
        return ids + suffix
    }

    /// Appends the ids of any text, and stops once there are `limit` of them or more.
    private func append(_ scalars: [Unicode.Scalar], to ids: inout [Int32], limit: Int) {
        for part in rawTokens.split(scalars) where ids.count < limit {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let range):
                let text = scalars[range]
                let isStart = range.lowerBound == 0 && preTokenizer.marksStarts && normalizer.keepsStart(of: text)
                append(normalizer.normalize(text), isStart: isStart, to: &ids, limit: limit)
            }
        }
    }

    /// Appends the ids of normalized text, and stops once there are `limit` of them or more.
    private func append(_ text: [Unicode.Scalar], isStart: Bool, to ids: inout [Int32], limit: Int) {
        for part in normalizedTokens.split(text) {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let range):
                preTokenizer.forEachWord(of: text[range], isStart: isStart && range.lowerBound == 0) { word in
                    model.appendPieces(of: word, to: &ids)
                    return ids.count < limit
                }
            }
            if ids.count >= limit { return }
        }
    }
}

/// What puts a word together from pieces.
enum TokenModel: Sendable {
    case wordPiece(WordPieceModel)
    case unigram(UnigramModel)
    case bytePairs(BytePairModel)

    /// The token of what cannot be put together; nil if there is none.
    var unknownID: Int32? {
        switch self {
        case .wordPiece(let model): model.unknownID
        case .unigram(let model): model.unknownID
        case .bytePairs(let model): model.unknownID
        }
    }

    /// Appends the ids of a word's pieces.
    func appendPieces(of word: borrowing Word, to ids: inout [Int32]) {
        switch self {
        case .wordPiece(let model): model.appendPieces(of: word, to: &ids)
        case .unigram(let model): model.appendPieces(of: word.bytes, to: &ids)
        case .bytePairs(let model): model.appendPieces(of: word.bytes, to: &ids)
        }
    }
}

/// A word as UTF-8: one buffer for all words of a text.
struct Word: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var scalarCount = 0

    mutating func append(_ scalar: Unicode.Scalar) {
        scalarCount += 1
        if scalar.isASCII {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    mutating func append(ascii byte: UInt8) {
        scalarCount += 1
        bytes.append(byte)
    }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        scalarCount = 0
    }
}
