// SPDX-License-Identifier: Apache-2.0

/// The canonical scores: defined by a formula, not by a kernel, so every level returns the same bits.
///
/// With eight `Double` lanes that start at +0, lane `j` adds the terms `i = j, j+8, ...` in increasing `i`; the result
/// is `((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7))`. The terms are
///
///     dot(a, b):              Double(a[i]) * Double(b[i])              exact in Double, so a fused add changes nothing
///     squaredDistance(a, b):  (Double(a[i]) - Double(b[i]))^2          rounded twice, contraction forbidden
///
/// Requires: `a` and `b` readable for `depth` floats; any alignment; they may overlap. `depth == 0` gives 0.
/// Accuracy against the real sum, for finite inputs: `(depth/8 + 3) * 2^-53 * |a||b|` for `dot` and
/// `(depth/8 + 6) * 2^-53 * s` for the squared distance `s`. No intermediate can overflow: a product of two floats is
/// below 2^256. NaN and infinity pass through to the result.
package enum Verdict {
    /// The canonical dot product, in `Double`, before its one rounding to `Float`.
    @inline(__always)
    package static func dot(
        _ level: KernelLevel,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        depth: Int
    ) -> Double {
        unsafe level.kernels.verdictDot(a, b, depth)
    }

    /// The canonical squared Euclidean distance, in `Double`.
    @inline(__always)
    package static func squaredDistance(
        _ level: KernelLevel,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        depth: Int
    ) -> Double {
        unsafe level.kernels.verdictSquaredDistance(a, b, depth)
    }

    /// `sums[r] = dot(row r, row r)` for `count` rows that lie `stride` floats apart: the canonical squared norms.
    ///
    /// Requires: `sums` writable for `count` doubles and apart from the rows. A row with a NaN or an infinity, and only
    /// such a row, gives a sum that is not finite.
    package static func squaredNorms(
        _ level: KernelLevel,
        rows: UnsafePointer<Float>,
        stride: Int,
        count: Int,
        depth: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        unsafe level.kernels.verdictSquaredNorms(rows, stride, count, depth, sums)
    }
}
