// SPDX-License-Identifier: Apache-2.0

// The one file that imports LAPACKE.

#if OpenBLAS
internal import CLAPACKE

extension SymmetricEigen {
    static func openBLASDecompose(
        _ matrix: [Float],
        _ order: Int
    ) throws(EigenError) -> (values: [Float], vectors: [Float]) {
        // To LAPACK the rows are columns: the lower triangle is the upper one, and an eigenvector comes out as a row.
        // Nothing is copied or transposed.
        var vectors = matrix
        var values = [Float](repeating: 0, count: order)
        // Not `LAPACKE_ssyevd`: it asks for the size of the workspace, gets it as a Float, and where that was rounded
        // down (order 2,895 is the first) the call is refused.
        var work = [Float](repeating: 0, count: 1 + 6 * order + 2 * order * order)
        var integers = [Int32](repeating: 0, count: 3 + 5 * order)
        OpenBLASRuntime.useOneThread()
        let info = unsafe LAPACKE_ssyevd_work(
            LAPACK_COL_MAJOR,
            CChar(UInt8(ascii: "V")),
            CChar(UInt8(ascii: "U")),
            Int32(order),
            &vectors,
            Int32(order),
            &values,
            &work,
            Int32(work.count),
            &integers,
            Int32(integers.count)
        )
        precondition(info >= 0, "ssyevd refused its argument \(-info)")
        // It gives up on some matrices of low order whose entries span the range of Float.
        guard info == 0 else { return try referenceDecompose(matrix, order) }
        values.reverse()
        for row in 0..<order / 2 {
            let (upper, lower) = (row * order, (order - 1 - row) * order)
            for i in 0..<order { vectors.swapAt(upper + i, lower + i) }
        }
        return (values, vectors)
    }

    /// Nil where LAPACK does not converge.
    static func openBLASDecompose(doubles matrix: [Double], _ order: Int) -> (values: [Double], vectors: [Double])? {
        // As above: to LAPACK the rows are columns.
        var vectors = matrix
        var values = [Double](repeating: 0, count: order)
        var work = [Double](repeating: 0, count: 1 + 6 * order + 2 * order * order)
        var integers = [Int32](repeating: 0, count: 3 + 5 * order)
        OpenBLASRuntime.useOneThread()
        let info = unsafe LAPACKE_dsyevd_work(
            LAPACK_COL_MAJOR,
            CChar(UInt8(ascii: "V")),
            CChar(UInt8(ascii: "U")),
            Int32(order),
            &vectors,
            Int32(order),
            &values,
            &work,
            Int32(work.count),
            &integers,
            Int32(integers.count)
        )
        precondition(info >= 0, "dsyevd refused its argument \(-info)")
        guard info == 0 else { return nil }
        values.reverse()
        for row in 0..<order / 2 {
            let (upper, lower) = (row * order, (order - 1 - row) * order)
            for i in 0..<order { vectors.swapAt(upper + i, lower + i) }
        }
        return (values, vectors)
    }
}

/// LAPACKE, which takes LAPACK and BLAS from the libraries that the system's alternatives name.
enum LAPACKERuntime {
    /// Does nothing but name the library, so that a linker that drops unused ones keeps it.
    static func keepLinked() { _ = LAPACKE_get_nancheck() }
}
#endif
