// SPDX-License-Identifier: Apache-2.0

/// How well scores agree with what people said, whatever their scales.
public enum RankCorrelation {
    /// Spearman's rank correlation: Pearson's, of the ranks; equal values share the mean of their ranks.
    ///
    /// What the tasks of semantic textual similarity report (Cer et al., "SemEval-2017 Task 1", 2017).
    ///
    /// - Returns: From -1 to 1; nil if there are fewer than two values or all of one side are equal.
    /// - Complexity: O(n log n).
    /// - Precondition: as many values on both sides, none a NaN.
    public static func spearman(_ a: [Float], _ b: [Float]) -> Double? {
        pearson(ranks(a), ranks(b))
    }

    /// Pearson's correlation of the values themselves.
    ///
    /// - Returns: From -1 to 1; nil if there are fewer than two values or all of one side are equal.
    /// - Precondition: as many values on both sides, all finite.
    public static func pearson(_ a: [Float], _ b: [Float]) -> Double? {
        pearson(a.map(Double.init), b.map(Double.init))
    }

    /// The area under the receiver operating characteristic: how likely a positive scores above a negative, a tie counting half.
    ///
    /// - Returns: From 0 to 1; nil without positives or without negatives.
    /// - Complexity: O(n log n).
    /// - Precondition: as many flags as scores, no score a NaN.
    public static func areaUnderCurve(_ scores: [Float], isPositive: [Bool]) -> Double? {
        precondition(scores.count == isPositive.count, "\(scores.count) scores, \(isPositive.count) flags")
        let positives = isPositive.count { $0 }
        let negatives = isPositive.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        let sum = zip(ranks(scores), isPositive).reduce(0.0) { $1.1 ? $0 + $1.0 : $0 }
        let (p, n) = (Double(positives), Double(negatives))
        return (sum - p * (p + 1) / 2) / (p * n)
    }

    /// The ranks of values, from 1; equal ones share the mean of theirs.
    private static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }

    private static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
        precondition(a.count == b.count, "\(a.count) and \(b.count) values")
        let count = Double(a.count)
        let (meanA, meanB) = (a.reduce(0, +) / count, b.reduce(0, +) / count)
        var (ab, aa, bb) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            ab += (x - meanA) * (y - meanB)
            aa += (x - meanA) * (x - meanA)
            bb += (y - meanB) * (y - meanB)
        }
        guard aa > 0, bb > 0 else { return nil }
        return max(-1, min(1, ab / (aa.squareRoot() * bb.squareRoot())))
    }
}
