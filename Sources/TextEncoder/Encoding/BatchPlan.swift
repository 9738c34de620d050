// SPDX-License-Identifier: Apache-2.0

/// Which texts are encoded together: a pure function of their token counts.
///
/// Texts are taken from the longest to the shortest, ties in input order, and a batch is closed before it would hold
/// more tokens than the budget; a text that is longer than that is a batch of its own. Neither the number of threads
/// nor their timing has a say, so a text stands at the same place of the same matrices in every run: that is what
/// makes its vector the same to the last bit. Long batches first also means that no worker is left with a long one at
/// the end.
package struct BatchPlan: Sendable, Equatable {
    /// Batches of indices of texts.
    package private(set) var batches: [[Int]] = []

    /// Tokens of a batch: enough rows to keep a matrix multiply busy, few enough that the working memory of a batch
    /// (some 10 MB for a width of 384) stays near the caches. Four passes of our own tile, of 240 rows each.
    package static let defaultTokenBudget = 960

    /// - Complexity: O(n log n) for n texts.
    package init(tokenCounts: [Int], tokenBudget: Int = defaultTokenBudget) {
        let order = tokenCounts.indices.sorted { (tokenCounts[$1], $0) < (tokenCounts[$0], $1) }
        var batch: [Int] = []
        var tokens = 0
        for text in order {
            if !batch.isEmpty, tokens + tokenCounts[text] > tokenBudget {
                batches.append(batch)
                batch = []
                tokens = 0
            }
            batch.append(text)
            tokens += tokenCounts[text]
        }
        if !batch.isEmpty { batches.append(batch) }
    }
}
