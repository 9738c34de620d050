// SPDX-License-Identifier: Apache-2.0

/// Allowed errors, each a formula of the number of terms.
///
/// Nothing here was tuned until a test passed.
package enum Tolerance {
    /// Half a unit in the last place of 1 in single precision.
    package static let u = 0x1p-24

    /// `g = d u / (1 - d u)`, the classical bound for a sum of `depth` rounded products in any order.
    ///
    /// Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1.
    package static func g(_ depth: Int) -> Double {
        let terms = Double(depth) * u
        return terms / (1 - terms)
    }

    /// The contract of the single-precision kernels: `g * sum |a||b| + d * 2^-149`.
    package static func singleDot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        g(a.count) * absoluteDot(a, b) + Double(a.count) * 0x1p-149
    }

    /// `sum |a||b|`.
    package static func absoluteDot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
    }

    /// `|v|`.
    package static func norm(_ v: ArraySlice<Float>) -> Double {
        v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
