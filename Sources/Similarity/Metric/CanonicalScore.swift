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
        backend: KernelBackend
    ) -> Float {
        switch self {
        case .dot:
            return Float(queries.dot(i, with: corpus, j, backend: backend))
        case .cosine:
            let product = queries.norm(at: i) * corpus.norm(at: j)
            let cosine = Float(queries.dot(i, with: corpus, j, backend: backend) / product)
            return min(max(cosine, -1), 1)
        case .euclidean:
            return 0 - Float(queries.squaredDistance(i, from: corpus, j, backend: backend).squareRoot())
        }
    }

    /// The score of one pair of valid rows with those norms, neither of which is excluded.
    @inline(__always)
    func verdict(_ pair: borrowing RowPair, queryNorm: Double, rowNorm: Double) -> Float {
        switch self {
        case .dot: return Float(pair.dot())
        case .cosine: return min(max(Float(pair.dot() / (queryNorm * rowNorm)), -1), 1)
        case .euclidean: return 0 - Float(pair.squaredDistance().squareRoot())
        }
    }

    /// Whether a row with this norm has no score: it is invalid, or a zero row under ``cosine``.
    @inline(__always)
    func excludes(norm: Double) -> Bool {
        !(norm <= RowStatistics.normLimit) || (self == .cosine && norm == 0)
    }
}
