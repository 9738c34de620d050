// SPDX-License-Identifier: Apache-2.0

public import Similarity

/// The vectors of texts, and what the model did not see of them.
public struct TextEncoding: Sendable {
    /// One row a text.
    public let vectors: VectorMatrix
    /// Places of texts with more tokens than ``SentenceEncoder/maxTokenCount``, ascending: their ends had no influence, so two that
    /// differ only there have the same vector.
    public let cutTexts: [Int]
    /// Places of texts of which no token is left after normalization, ascending: they all have the vector of the special tokens.
    public let emptyTexts: [Int]
    /// Tokens of each text that the model has read, special ones included.
    public let tokenCounts: [Int]
}
