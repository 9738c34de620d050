// SPDX-License-Identifier: Apache-2.0

/// An orthogonal matrix `R`, up to rounding, and how far it is from one: what makes the first coordinates of a vector carry
/// most of it.
package struct Rotation: Sendable {
    package let dimension: Int
    /// Row-major `dimension x dimension`; empty for the identity.
    package let matrix: [Float]
    /// `delta`, at least the spectral norm of `R^T R - I`: `|(R q).(R x) - q.x| <= delta |q||x|`.
    package let defect: Double

    /// Leaves vectors as they are, without error.
    package static func identity(dimension: Int) -> Rotation {
        Rotation(dimension: dimension, matrix: [], defect: 0)
    }

    package init(dimension: Int, matrix: [Float], defect: Double) {
        precondition(matrix.isEmpty || matrix.count == dimension * dimension)
        self.dimension = dimension
        self.matrix = matrix
        self.defect = defect
    }

    /// Measures the defect of a matrix: `dimension^2 / 2` dot products in `Double`.
    package init(measuring matrix: [Float], dimension: Int, workers: Int) throws {
        precondition(matrix.count == dimension * dimension)
        let sums = try concurrentMap(count: dimension, workers: workers) { i in
            unsafe matrix.withUnsafeBufferPointer { values in
                guard let start = values.baseAddress else { return 0.0 }
                var sum = 0.0
                for j in 0...i {
                    let product = unsafe Verdict.dot(
                        .fastestVector,
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
        // R R^T - I and R^T R - I have the same spectral norm, and the Frobenius norm is not below it. The entries are off by
        // (d/8 + 3) 2^-53 at most, each row being about a unit vector.
        let measured = sums.reduce(0, +).squareRoot()
        let rounding = Double(dimension) * (Double(dimension) / 8 + 4) * 0x1p-53
        self.init(dimension: dimension, matrix: matrix, defect: (measured + rounding) * (1 + 0x1p-40))
    }

    package var isIdentity: Bool { matrix.isEmpty }

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
