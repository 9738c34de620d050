// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

/// The proven bound of the single-precision filter: which pairs cannot reach a cut.
///
/// A tile holds `c`, the float dot product of query `q` and row `x`, with `|c - q.x| <= g |q||x| + d 2^-149`,
/// `g = d u / (1 - d u)`, `u = 2^-24` (`GEMM`, `DotRows`). A pair may be dropped only if its reported verdict, after the
/// rounding to `Float`, is provably worse than the cut `T`. A verdict can only round to `T` or better from a `Double`
/// of at least `L = lower(T)`, the midpoint of `T` and the next `Float` below. So a pair that matters has
///
///     dot        q.x >= L - e |q||x|
///                c >= L - (g + e) |q||x| - d 2^-149
///     cosine     q.x / |q||x| >= L - e
///                c >= (L - g - e - d 2^-69) |q||x|                for norms of at least 2^-40, so d 2^-149 <= d 2^-69 |q||x|
///     euclidean  |q - x|^2 <= U^2 (1 + e), U = upper(distance)
///                c >= |x|^2 / 2 + (|q|^2 - U^2) / 2 - g |q||x| - e (|q|^2 + |x|^2 + U^2) - d 2^-149
///
/// with `e = (d + 64) 2^-53`, which is above every `Double` error on the way (sums, norms, product, division and root of
/// the verdict; see `Verdict` for the first). All three are one affine bound in per-query and per-row numbers, which is
/// what `ThresholdScan` tests:
///
///     c < slope * n + offset + base      drops the pair
///
/// with `n` = `|x|` rounded up to a float: up, because a subnormal float may be wrong by half its value, and under the
/// negative slopes of `dot` and `euclidean` a larger `n` only keeps more (the norms of `cosine` are normal floats).
/// The four are floats and the scan adds in float: each term `t` is therefore lowered by `8 u |t|` before it is rounded
/// down, which covers the rounding of `n` (`2 u`), of the scan (`3 u` of the absolute terms) and second-order products;
/// `2^-120` below `base` covers every underflow of a product with factors up to 2^64 that the relative terms do not.
///
/// Rows whose norm a float filter cannot hold (`cosine`: outside [2^-40, 2^40]) get an offset of minus infinity and
/// survive always; so does every row for such a query, by its base. Excluded rows get plus infinity.
package struct FilterBound {
    /// The per-query half of the bound.
    package struct Query {
        package var slope: Float
        package var base: Float
        /// Every pair survives.
        static let everything = Query(slope: 0, base: -.infinity)
    }

    let metric: Metric
    /// `g + e`, the relative error of a dot product in the tile and of its verdict.
    private let relativeSlack: Double
    /// `e`.
    private let verdictSlack: Double
    /// `d 2^-149` and the underflows of the scan.
    private let absoluteSlack: Double

    static let cosineNorms = 0x1p-40...0x1p40

    /// - Precondition: `dimension` is within the limit of a matrix, where `g` is a bound.
    package init(metric: Metric, dimension: Int) {
        precondition(dimension <= RowStorage.dimensionLimit, "no matrix has \(dimension) dimensions")
        let terms = Double(dimension) * 0x1p-24
        self.metric = metric
        verdictSlack = Self.verdictSlack(dimension: dimension)
        relativeSlack = terms / (1 - terms) + verdictSlack + Double(dimension) * 0x1p-69
        absoluteSlack = Double(dimension) * 0x1p-149 + 0x1p-120
    }

    /// `e`.
    static func verdictSlack(dimension: Int) -> Double { Double(dimension + 64) * 0x1p-53 }

    /// The per-query terms for a cut: the worst score that may still enter a result.
    ///
    /// - Complexity: a dozen `Double` operations.
    @inline(__always)
    package func query(norm: Double, cut: Float) -> Query {
        guard cut > -.infinity else { return .everything }
        switch metric {
        case .dot:
            return Query(
                slope: Self.withMargin(-relativeSlack * norm),
                base: Self.withMargin(Self.lower(cut) - absoluteSlack)
            )
        case .cosine:
            guard Self.cosineNorms.contains(norm) else { return .everything }
            return Query(slope: Self.withMargin((Self.lower(cut) - relativeSlack) * norm), base: Float(-0x1p-120))
        case .euclidean:
            // upper(distance) is minus lower(score).
            let floor = Self.euclideanFloor(queryNorm: norm, cut: cut, slack: verdictSlack)
            return Query(
                slope: Self.withMargin(-relativeSlack * norm),
                base: Self.withMargin(floor.value - absoluteSlack)
            )
        }
    }

    /// The per-row terms: the norm rounded up, or 0 for an excluded row, and the offset.
    @inline(__always)
    package func row(norm: Double) -> (norm: Float, offset: Float) {
        let offset = offset(norm: norm)
        return (offset.isFinite ? Float(roundingUp: norm) : 0, offset)
    }

    @inline(__always)
    private func offset(norm: Double) -> Float {
        if metric.excludes(norm: norm) { return .infinity }
        switch metric {
        case .dot: return 0
        case .cosine: return Self.cosineNorms.contains(norm) ? 0 : -.infinity
        case .euclidean: return Self.withMargin(norm * norm * (0.5 - verdictSlack))
        }
    }

    /// Fills the row terms of a tile for the rows that are loaded.
    package func fill(_ tile: inout ScoreTile, for corpus: borrowing RowTile) {
        for j in 0..<corpus.rows.count {
            let terms = row(norm: corpus.norm(at: j))
            tile.setColumn(j, norm: terms.norm, offset: terms.offset)
        }
    }

    /// The midpoint of `value` and the next `Float` below, which still rounds to `value` if that one is even.
    @inline(__always)
    static func lower(_ value: Float) -> Double {
        if value == .infinity { return Double(Float.greatestFiniteMagnitude) }
        let below = value.nextDown
        // Below the least finite value comes minus infinity; the step above it stands in for the step below.
        if below == -.infinity { return 2 * Double(value) - Double(value.nextUp) }
        return (Double(value) + Double(below)) / 2
    }

    /// A `Float` at most `value - 8u |value|`.
    @inline(__always)
    private static func withMargin(_ value: Double) -> Float { Float(roundingDown: value - abs(value) * 0x1p-21) }

    /// `(|q|^2 - U^2) / 2 - e (|q|^2 + U^2)` for `U^2 = lower(cut)^2`, and the size of what it is made of: a pair within the cut
    /// has at least this `q.x - |x|^2 (1/2 - e)`.
    @inline(__always)
    static func euclideanFloor(queryNorm: Double, cut: Float, slack: Double) -> (value: Double, magnitude: Double) {
        let limit = lower(cut)
        let (squaredNorm, squaredLimit) = (queryNorm * queryNorm, limit * limit)
        let squares = squaredNorm + squaredLimit
        return ((squaredNorm - squaredLimit) / 2 - slack * squares, squares)
    }

    /// `1/2 - e`, what a row's squared norm counts in that.
    static func euclideanOffsetFactor(dimension: Int) -> Double { 0.5 - verdictSlack(dimension: dimension) }
}
