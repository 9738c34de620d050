// SPDX-License-Identifier: Apache-2.0

/// The distinct token sequences of some texts, in order of first appearance.
struct DistinctTokens: Sendable {
    private(set) var sequences: [[Int32]] = []
    /// The first text that has each sequence.
    private(set) var firstText: [Int] = []
    /// The number of the sequence of each text.
    private(set) var rows: [Int] = []

    /// - Complexity: O(tokens), by hashing.
    init(_ texts: [[Int32]]) {
        var numbers: [[Int32]: Int] = [:]
        for (text, tokens) in texts.enumerated() {
            if let number = numbers[tokens] {
                rows.append(number)
            } else {
                numbers[tokens] = sequences.count
                rows.append(sequences.count)
                sequences.append(tokens)
                firstText.append(text)
            }
        }
    }
}
