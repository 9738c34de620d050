// SPDX-License-Identifier: Apache-2.0

/// BERT's tokenizer: text to token ids.
///
/// Added tokens are cut out of the raw text, the rest is normalized, split at white space and around punctuation, and
/// each word is put together from the longest pieces of the vocabulary. The ids are those of the reference
/// implementation, character classes of its Unicode version included.
struct WordPieceTokenizer: Sendable {
    let vocabulary: Vocabulary
    var normalizer: TextNormalizer
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

    /// The ids of a text with prefix and suffix, cut to `maxCount` by leaving out the end of the text.
    ///
    /// An empty or blank text gives the prefix and the suffix alone.
    /// - Precondition: `maxCount` has room for prefix and suffix.
    func tokenIDs(for text: String, maxCount: Int) -> [Int32] {
        precondition(maxCount >= prefix.count + suffix.count, "\(maxCount) tokens have no room for the special tokens")
        let limit = maxCount - suffix.count
        let scalars = Array(text.unicodeScalars)
        var ids = prefix
        var words = WordBuffer(vocabulary: vocabulary)
        for part in rawTokens.split(scalars) where ids.count < limit {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let range): append(normalizer.normalize(scalars[range]), to: &ids, limit: limit, words: &words)
            }
        }
        if ids.count > limit { ids.removeSubrange(limit...) }
        return ids + suffix
    }

    /// Appends the ids of normalized text, and stops once there are `limit` of them or more.
    private func append(
        _ text: [Unicode.Scalar],
        to ids: inout [Int32],
        limit: Int,
        words: inout WordBuffer
    ) {
        for part in normalizedTokens.split(text) {
            switch part {
            case .token(let id): ids.append(id)
            case .text(let range):
                for scalar in text[range] {
                    if scalar.separatesWords {
                        words.finish(into: &ids)
                    } else if scalar.isWordPunctuation {
                        words.finish(into: &ids)
                        words.append(scalar)
                        words.finish(into: &ids)
                    } else {
                        words.append(scalar)
                    }
                    if ids.count >= limit { return words.clear() }
                }
                words.finish(into: &ids)
            }
        }
    }
}

/// The word being read, as UTF-8: one buffer for all words of a text.
private struct WordBuffer {
    let vocabulary: Vocabulary
    private var bytes: [UInt8] = []
    private var scalarCount = 0

    init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    mutating func append(_ scalar: Unicode.Scalar) {
        scalarCount += 1
        // The bytes of a word that is too long are never looked at.
        guard scalarCount <= vocabulary.maxScalarsPerWord else { return }
        if scalar.isASCII {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    /// Appends the ids of the word, if there is one, and begins a new one.
    mutating func finish(into ids: inout [Int32]) {
        if scalarCount > 0 { vocabulary.appendPieces(of: bytes, scalarCount: scalarCount, to: &ids) }
        clear()
    }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        scalarCount = 0
    }
}
