// SPDX-License-Identifier: Apache-2.0

// The symmetric eigenproblem in `Double`, without LAPACK: Householder reduction to a tridiagonal matrix, then QL with
// implicit shifts (EISPACK's tred2 and tql2; Golub and Van Loan, "Matrix Computations", 4th edition, section 8.3).
//
// Everything runs along rows. The orthogonal matrix is kept transposed, so that a rotation of two of its columns is one
// of two rows and an eigenvector ends up as a row.
//
// No scaling is needed: entries were floats, so squares of the large ones stay below 2^256, and whatever is smaller
// than `negligible` is nothing beside an eigenvalue of the size of the smallest float, 2^-149.

extension SymmetricEigen {
    /// Numbers below it may be taken for zero: 2^-53 * 2^-149 is the error allowed; squares of larger ones are normal.
    static let negligible = 0x1p-300

    static func referenceDecompose(
        _ matrix: [Float],
        _ order: Int
    ) throws(EigenError) -> (values: [Float], vectors: [Float]) {
        let found = try referenceDecompose(doubles: matrix.map { Double($0) }, order)
        return (found.values.map { Float($0) }, found.vectors.map { Float($0) })
    }

    static func referenceDecompose(
        doubles matrix: [Double],
        _ order: Int
    ) throws(EigenError) -> (values: [Double], vectors: [Double]) {
        // An odd number of cache lines a row, so that a column does not fall on a few sets of the cache.
        let stride = ((order + 7) / 8 | 1) * 8
        var rows = [Double](repeating: 0, count: order * stride)
        for row in 0..<order {
            for column in 0...row { rows[row * stride + column] = matrix[row * order + column] }
        }
        var tridiagonal = SymmetricTridiagonal(order: order)
        unsafe rows.withUnsafeMutableBufferPointer { buffer in
            let base = unsafe buffer.baseAddress.unsafelyUnwrapped
            unsafe HouseholderReduction(rows: base, stride: stride, order: order).reduce(to: &tridiagonal)
        }
        try tridiagonal.diagonalize { rotations in
            unsafe rows.withUnsafeMutableBufferPointer { buffer in
                unsafe rotations.apply(to: buffer.baseAddress.unsafelyUnwrapped, stride: stride)
            }
        }
        let ranking = (0..<order).sorted {
            let (a, b) = (tridiagonal.diagonal[$0], tridiagonal.diagonal[$1])
            return a != b ? a > b : $0 < $1
        }
        var vectors: [Double] = []
        vectors.reserveCapacity(order * order)
        for row in ranking { for i in 0..<order { vectors.append(rows[row * stride + i]) } }
        return (ranking.map { tridiagonal.diagonal[$0] }, vectors)
    }
}
