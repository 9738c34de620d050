// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// The verdict: the one score of a pair, defined by a formula. Everything before the last rounding is in `Double`.
///
///     dot        Float(dot(q, x))
///     cosine     Float(dot(q, x) / (|q| * |x|)), clamped to [-1, 1], |v| = sqrt(dot(v, v))
///     euclidean  -Float(sqrt(squaredDistance(q, x)))
///
/// See `Verdict` for the order in which the sums are added. Ranks and thresholds use the rounded value.
extension Metric {
    /// The score of a pair of valid rows, neither of which is excluded.
    @inline(__always)
    func verdict(
        _ queries: borrowing RowTile,
        _ i: Int,
        _ corpus: borrowing RowTile,
        _ j: Int,
        level: KernelLevel
    ) -> Float {
        score(
            ofSum: self == .euclidean
                ? queries.squaredDistance(i, from: corpus, j, level: level)
                : queries.dot(i, with: corpus, j, level: level),
            queryNorm: queries.norm(at: i),
            rowNorm: corpus.norm(at: j)
        )
    }

    /// The score of one pair of valid rows with those norms, neither of which is excluded.
    @inline(__always)
    func verdict(_ pair: borrowing RowPair, queryNorm: Double, rowNorm: Double) -> Float {
        score(
            ofSum: self == .euclidean ? pair.squaredDistance() : pair.dot(),
            queryNorm: queryNorm,
            rowNorm: rowNorm
        )
    }

    /// The formula, for the squared distance or else the dot product of a pair.
    @inline(__always)
    private func score(ofSum sum: Double, queryNorm: Double, rowNorm: Double) -> Float {
        switch self {
        case .dot: Float(sum)
        case .cosine: min(max(Float(sum / (queryNorm * rowNorm)), -1), 1)
        case .euclidean: 0 - Float(sum.squareRoot())
        }
    }

    /// Whether a row with this norm has no score: it is invalid, or a zero row under ``cosine``.
    @inline(__always)
    func excludes(norm: Double) -> Bool {
        !(norm <= RowStatistics.normLimit) || (self == .cosine && norm == 0)
    }
}
