// SPDX-License-Identifier: Apache-2.0

internal import Similarity

extension InputSet {
    /// Which rows take part: all, or those that are valid.
    func validFlags(skippingInvalid: Bool) -> [Bool] {
        guard skippingInvalid else { return [Bool](repeating: true, count: vectors.rowCount) }
        var flags = [Bool](repeating: false, count: vectors.rowCount)
        for row in vectors.validRows() { flags[row] = true }
        return flags
    }

    /// Classes of equal rows, of which one stands for all where pairs are grouped; nil if their pairs are fewer than there are rows, or if copies
    /// need not be near each other: with a dot product, or beyond a threshold that nothing reaches.
    func copies(
        near threshold: Float,
        metric: Metric,
        among isValid: [Bool],
        keeping: DuplicateRemoval.Keeping = .first
    ) throws -> RowCopies? {
        guard metric != .dot, !metric.isBetter(threshold, than: metric.scoreOfCopies) else { return nil }
        let firsts = try vectors.firstCopies(among: isValid, cancellation: Interruption.flag)
        let copies = RowCopies(firsts: firsts, keeping: keeping)
        return copies.pairCount > vectors.rowCount ? copies : nil
    }
}
