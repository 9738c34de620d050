// SPDX-License-Identifier: Apache-2.0

/// Reduction of a symmetric matrix A to a tridiagonal T = W A W^T with orthogonal W (Golub and Van Loan, section 8.3.1,
/// from the last row upwards as in EISPACK's tred2).
///
/// With P_i = I - u_i u_i^T / h_i, which acts on the first i coordinates and takes all but the last of them out of row
/// i, W is P_1 P_2 ... P_(n-1). The vector u_i takes the place of what it has removed.
@safe struct HouseholderReduction {
    /// In: the lower triangle. Out: W. The elements from `order` to `stride` are zero and stay zero.
    let rows: UnsafeMutablePointer<Double>
    let stride: Int
    let order: Int

    func reduce(to tridiagonal: inout SymmetricTridiagonal) {
        // h_i, or zero where row i has the form already.
        var scales = [Double](repeating: 0, count: order)
        var product = [Double](repeating: 0, count: order)
        for i in Swift.stride(from: order - 1, to: 0, by: -1) {
            let row = unsafe rows + i * stride
            unsafe tridiagonal.diagonal[i] = row[i]
            let last = unsafe row[i - 1]
            let rest = unsafe DoubleRow.dot(row, row, count: i - 1)
            guard rest > SymmetricEigen.negligible * SymmetricEigen.negligible else {
                tridiagonal.offDiagonal[i - 1] = last
                continue
            }
            // The sign for which the subtraction cancels nothing.
            let norm = (rest + last * last).squareRoot()
            let image = last < 0 ? norm : -norm
            tridiagonal.offDiagonal[i - 1] = image
            unsafe row[i - 1] = last - image
            scales[i] = norm * (norm + abs(last))
            unsafe product.withUnsafeMutableBufferPointer { buffer in
                unsafe reflect(leading: i, by: row, scale: scales[i], buffer.baseAddress.unsafelyUnwrapped)
            }
        }
        unsafe tridiagonal.diagonal[0] = rows[0]
        accumulate(scales)
    }

    /// The leading block A of an order becomes P A P = A - u q^T - q u^T, q = p - (u.p / 2h) u, p = A u / h.
    private func reflect(
        leading count: Int,
        by u: UnsafePointer<Double>,
        scale h: Double,
        _ q: UnsafeMutablePointer<Double>
    ) {
        // Row j of the lower triangle is also the upper part of column j: it gives p_j and adds to those before it.
        for j in 0..<count {
            let row = unsafe rows + j * stride
            let sum = unsafe DoubleRow.dotAndAdd(row, dot: u, factor: u[j], to: q, count: j)
            unsafe q[j] = sum + row[j] * u[j]
        }
        for j in 0..<count { unsafe q[j] /= h }
        let half = unsafe DoubleRow.dot(u, q, count: count) / (2 * h)
        unsafe DoubleRow.add(u, factor: -half, to: q, count: count)
        for j in 0..<count {
            let row = unsafe rows + j * stride
            unsafe DoubleRow.add(u, factor: -q[j], q, factor: -u[j], to: row, count: j + 1)
        }
    }

    /// Row r of W is the unit vector e_r reflected by u_(r+1), u_(r+2), ...; it overwrites u_r, which only the rows
    /// before it needed.
    private func accumulate(_ scales: [Double]) {
        for r in 0..<order {
            let row = unsafe rows + r * stride
            unsafe row.update(repeating: 0, count: order)
            unsafe row[r] = 1
            for i in r + 1..<max(order, r + 1) where scales[i] != 0 {
                let u = unsafe rows + i * stride
                unsafe DoubleRow.add(u, factor: -DoubleRow.dot(row, u, count: i) / scales[i], to: row, count: i)
            }
        }
    }
}
