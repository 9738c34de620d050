// SPDX-License-Identifier: Apache-2.0

/// Eigenvalues and eigenvectors of a real symmetric matrix A of order n.
///
/// Requires: `matrix` holds n * n floats, row-major, of which only the lower triangle (column <= row) is read;
/// 0 <= n <= `largestOrder`.
/// Gives: `values` descending; row i of the row-major `vectors` is an eigenvector of unit length for `values[i]`. The
/// first of its components of largest magnitude is positive. That leaves open which basis an eigenvalue of several
/// dimensions gets: a provider gives the same one each time, another provider another.
/// Throws `EigenError` if an entry that is read is NaN or infinite, or an eigenvalue is beyond `Float`.
///
/// Accuracy, with `u = 2^-24` and |A| the largest magnitude of an eigenvalue, for every i and j:
///
///     reference   |A v_i - values[i] v_i| <= 4 u |A| + 2^-149        |v_i . v_j - [i == j]| <= 4 u
///     openBLAS    |A v_i - values[i] v_i| <= p u |A| + 2^-149        |v_i . v_j - [i == j]| <= p u,  p = 16 sqrt(n)
///
/// The reference works in `Double` and rounds once, so its bound is that of the rounding: u for the value, 2 u for the
/// vector. For LAPACK's `ssyevd` theory has no more than "a modestly growing p(n)"; this p is about twice the worst that
/// was seen in 40,000 matrices of low order and random ones up to 3,001. Both find small eigenvalues to an absolute
/// error only, a multiple of |A|.
///
/// The bytes of the reference are the same on every machine. Those of OpenBLAS are the same for one machine and one
/// number of OpenBLAS threads, which it uses as they are set. Where LAPACK does not converge, the reference takes over.
package enum SymmetricEigen {
    /// Whose solver it is.
    package enum Provider: Sendable {
        /// Plain loops in `Double`.
        case reference
        /// LAPACK of OpenBLAS; only with the trait `OpenBLAS`.
        case openBLAS
    }

    /// Providers in this build, slowest first.
    package static let providers: [Provider] = {
        #if OpenBLAS
        [.reference, .openBLAS]
        #else
        [.reference]
        #endif
    }()

    /// The fastest provider of this build.
    package static let preferred: Provider = {
        #if OpenBLAS
        .openBLAS
        #else
        .reference
        #endif
    }()

    /// The workspace of LAPACK, 2 n^2 + 6 n + 1 floats, is counted in 32 bits.
    package static let largestOrder = 32_766

    /// Decomposes a symmetric matrix.
    package static func decompose(
        _ provider: Provider,
        matrix: [Float],
        order: Int
    ) throws(EigenError) -> (values: [Float], vectors: [Float]) {
        precondition((0...largestOrder).contains(order) && matrix.count == order * order, "order \(order)")
        // LAPACK would return infinities for an infinity and may not return for a NaN.
        for row in 0..<order {
            for column in 0...row where !matrix[row * order + column].isFinite {
                throw .notFinite(row: row, column: column)
            }
        }
        if order == 0 { return ([], []) }
        var result = try decompose(provider, matrix, order)
        guard result.values.allSatisfy(\.isFinite) else { throw .tooLarge(order: order) }
        for row in 0..<order { orient(&result.vectors, row * order..<(row + 1) * order) }
        return result
    }

    private static func decompose(
        _ provider: Provider,
        _ matrix: [Float],
        _ order: Int
    ) throws(EigenError) -> (values: [Float], vectors: [Float]) {
        #if OpenBLAS
        if provider == .openBLAS { return try openBLASDecompose(matrix, order) }
        #endif
        return try referenceDecompose(matrix, order)
    }

    /// The same in `Double`, in and out: for small eigenvalues beside large ones, as covariances have them.
    ///
    /// Accuracy: as above with `u = 2^-53`, `p = 16 sqrt(n)` for both providers. Entries are scaled by the largest, so that no square leaves the range.
    package static func decompose(
        _ provider: Provider,
        doubles matrix: [Double],
        order: Int
    ) throws(EigenError) -> (values: [Double], vectors: [Double]) {
        precondition((0...largestOrder).contains(order) && matrix.count == order * order, "order \(order)")
        var largest = 0.0
        for row in 0..<order {
            for column in 0...row {
                guard matrix[row * order + column].isFinite else { throw .notFinite(row: row, column: column) }
                largest = max(largest, abs(matrix[row * order + column]))
            }
        }
        if order == 0 { return ([], []) }
        // A power of two: nothing is rounded by it.
        let scale = largest > 0 ? Double(sign: .plus, exponent: largest.exponent, significand: 1) : 1
        var result = try scaledDecompose(provider, matrix.map { $0 / scale }, order)
        for row in 0..<order { orient(&result.vectors, row * order..<(row + 1) * order) }
        return (result.values.map { $0 * scale }, result.vectors)
    }

    private static func scaledDecompose(
        _ provider: Provider,
        _ matrix: [Double],
        _ order: Int
    ) throws(EigenError) -> (values: [Double], vectors: [Double]) {
        #if OpenBLAS
        if provider == .openBLAS, let result = openBLASDecompose(doubles: matrix, order) { return result }
        #endif
        return try referenceDecompose(doubles: matrix, order)
    }

    /// Turns a vector so that the first of its components of largest magnitude is positive.
    private static func orient<T: BinaryFloatingPoint>(_ vectors: inout [T], _ row: Range<Int>) {
        var largest: T = 0
        for i in row where abs(vectors[i]) > abs(largest) { largest = vectors[i] }
        if largest < 0 { for i in row { vectors[i] = -vectors[i] } }
    }
}
