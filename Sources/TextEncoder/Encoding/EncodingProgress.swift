// SPDX-License-Identifier: Apache-2.0

/// How far an encoding has come.
///
/// Equal texts are encoded once and count once. Long texts go first, so tokens tell the remaining time better than
/// texts do.
public struct EncodingProgress: Sendable, Hashable {
    /// Distinct texts whose vectors are there.
    public internal(set) var completedTextCount = 0
    /// Distinct texts in all.
    public let totalTextCount: Int
    /// Tokens of the texts whose vectors are there.
    public internal(set) var completedTokenCount = 0
    /// Tokens of the distinct texts in all.
    public let totalTokenCount: Int

    /// The share that is done, by tokens, from 0 to 1.
    public var fraction: Double { Double(completedTokenCount) / Double(max(totalTokenCount, 1)) }
}
