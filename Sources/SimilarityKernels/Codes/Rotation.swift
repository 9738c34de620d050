// SPDX-License-Identifier: Apache-2.0

/// The first rows of an orthogonal matrix, up to rounding, and how far they are from that: what makes the first coordinates of
/// a vector carry most of it.
package struct Rotation: Sendable {
    package let dimension: Int
    /// Row-major, at most `dimension` rows; empty for the identity.
    package let matrix: [Float]
    /// `delta`, at least the spectral norm of `R R^T - I`. If `R` is square, `|(R q).(R x) - q.x| <= delta |q||x|`.
    package let defect: Double

    /// Leaves vectors as they are, without error.
    package static func identity(dimension: Int) -> Rotation {
        Rotation(dimension: dimension, matrix: [], defect: 0)
    }

    package init(dimension: Int, matrix: [Float], defect: Double) {
        precondition(matrix.count % dimension == 0 && matrix.count <= dimension * dimension)
        self.dimension = dimension
        self.matrix = matrix
        self.defect = defect
    }

    /// Measures the defect of a matrix of r rows: `r^2 / 2` dot products in `Double`.
    package init(measuring matrix: [Float], dimension: Int, workers: Int) throws {
        let rowCount = matrix.count / dimension
        let sums = try concurrentMap(count: rowCount, workers: workers) { i in
            unsafe matrix.withUnsafeBufferPointer { values in
                guard let start = values.baseAddress else { return 0.0 }
                var sum = 0.0
                for j in 0...i {
                    let product = unsafe Verdict.dot(
                        .current,
                        start + i * dimension,
                        start + j * dimension,
                        depth: dimension
                    )
                    let entry = i == j ? product - 1 : product
                    sum += i == j ? entry * entry : 2 * entry * entry
                }
                return sum
            }
        }
        // The Frobenius norm is not below the spectral one. The entries are off by
        // (d/8 + 3) 2^-53 at most, each row being about a unit vector.
        let measured = sums.reduce(0, +).squareRoot()
        let rounding = Double(rowCount) * (Double(dimension) / 8 + 4) * 0x1p-53
        self.init(dimension: dimension, matrix: matrix, defect: (measured + rounding) * (1 + 0x1p-40))
    }

    package var isIdentity: Bool { matrix.isEmpty }

    /// `b` of a vector `x` of norm `norm`, at least the length of its part outside of the rows of `R`: that part is
    /// orthogonal to the rest, whose square is at least `|R x|^2 / (1 + delta)`.
    ///
    /// - Parameters:
    ///   - computed: `|fl(R x)|`, within 2^-40 of itself.
    ///   - error: At least `|fl(R x) - R x|`.
    func outside(norm: Double, computed: Double, error: Double) -> Double {
        let inside = max(0, computed * (1 - 0x1p-40) - error)
        let squared = norm * norm * (1 + 0x1p-40) - inside * inside / (1 + defect) * (1 - 0x1p-40)
        return max(0, squared).squareRoot() * (1 + 0x1p-40)
    }

    /// `omega` with `|fl(R x) - R x| <= omega |x|` over `count` rows of `R`, for the single-precision product: each
    /// coordinate is off by `g |R_i||x|`, `g = d u / (1 - d u)`, and no row of `R` is longer than `1 + defect`.
    package func relativeError(rows count: Int) -> Double {
        if isIdentity { return 0 }
        let terms = Double(dimension) * 0x1p-24
        return terms / (1 - terms) * Double(count).squareRoot() * (1 + defect) * (1 + 0x1p-40)
    }

    /// What underflow adds to that, whatever `|x|`.
    package func absoluteError(rows count: Int) -> Double {
        isIdentity ? 0 : Double(dimension) * Double(count).squareRoot() * 0x1p-149
    }
}
