// SPDX-License-Identifier: Apache-2.0

import TransformerKernels

/// A static model: the vector of a text is the mean of the vectors of its tokens, wherever they stand.
///
/// Some hundred times as fast as a transformer, and blind to word order. The models of model2vec are of this kind
/// (https://github.com/MinishLab/model2vec), and those that sentence-transformers calls `StaticEmbedding`.
struct StaticModel: Sendable {
    let table: TokenTable
    /// Tokens of a text that are read; nil for all.
    let maxTokenCount: Int?
    /// Scalars of a text that are read; nil for all.
    let maxScalarCount: Int?
    /// A token that is left out of the mean, `[UNK]` for example.
    let ignoredToken: Int32?

    /// What is read of a text.
    func tokens(of text: String, by tokenizer: Tokenizer) -> (ids: [Int32], isCut: Bool) {
        var text = text
        var isCut = false
        if let limit = maxScalarCount, text.utf8.count > limit,
            let end = text.unicodeScalars.index(
                text.startIndex,
                offsetBy: limit,
                limitedBy: text.endIndex
            ), end < text.endIndex
        {
            text = String(text[..<end])
            isCut = true
        }
        // One more than the model takes tells whether there are more.
        var ids = tokenizer.tokenIDs(for: text, maxCount: maxTokenCount.map { $0 + 1 } ?? .max)
        if let limit = maxTokenCount, ids.count > limit {
            ids.removeLast(ids.count - limit)
            isCut = true
        }
        if let ignoredToken { ids.removeAll { $0 == ignoredToken } }
        return (ids, isCut)
    }
}
