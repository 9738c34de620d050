// SPDX-License-Identifier: Apache-2.0

/// Rows through an affine map: `M (x - mean)` for a row-major `m x d` matrix M, in single precision, within the bound of `GEMM`.
package enum AffineRows {
    /// Rows of one product; a pure function of nothing, because a GEMM gives a row other last bits at another place of a tile.
    private static let step = 256

    /// The images of all rows, row after row.
    ///
    /// - Parameters:
    ///   - mean: d components, or none for zeros.
    ///   - matrix: `m * d` components.
    package static func map(
        _ storage: RowStorage,
        mean: [Float],
        matrix: [Float],
        workers: Int,
        check: @Sendable () throws -> Void
    ) throws -> [Float] {
        let dimension = storage.dimension
        let width = matrix.count / dimension
        return try concurrentFill(
            rowCount: storage.rowCount,
            width: width,
            rowsPerChunk: step,
            workers: workers
        ) { rows, target in
            try check()
            var vectors = [Float](repeating: 0, count: rows.count * dimension)
            unsafe vectors.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe storage.copyRows(rows, into: base)
                if mean.isEmpty { return }
                for i in 0..<rows.count { for j in 0..<dimension { unsafe base[i * dimension + j] -= mean[j] } }
            }
            unsafe vectors.withUnsafeBufferPointer { a in
                unsafe matrix.withUnsafeBufferPointer { b in
                    unsafe target.withUnsafeMutableBufferPointer { c in
                        guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                        unsafe GEMM.multiplyTransposed(
                            GEMM.preferred,
                            a: a,
                            aStride: dimension,
                            rows: rows.count,
                            b: b,
                            bStride: dimension,
                            columns: width,
                            depth: dimension,
                            c: c,
                            cStride: width
                        )
                    }
                }
            }
        }
    }
}
