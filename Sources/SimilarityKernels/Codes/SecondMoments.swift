// SPDX-License-Identifier: Apache-2.0

/// The second moments `X^T X` of a sample of rows, each made a unit vector: where the energy of a corpus lies.
package enum SecondMoments {
    /// A row-major `d x d` matrix. Rows whose norm is zero, not finite or beyond the limit of a valid row take no part.
    ///
    /// Rounding is of no concern: whatever basis comes of it, the error of the rotation is measured.
    ///
    /// - Complexity: `2 * count * d^2` operations; two blocks of `count * d` floats.
    package static func compute(of storage: RowStorage, rows: [Int], workers: Int) throws -> [Float] {
        let dimension = storage.dimension
        var sample = WorkingRows()
        sample.load(count: rows.count, of: storage, normalizing: true, level: .current) { rows[$0] }
        sample.rotate(.identity(dimension: dimension), columns: 0..<dimension, gemm: GEMM.preferred)
        var columns = [Float](repeating: 0, count: rows.count * dimension)
        for i in 0..<rows.count where sample.norms[i] > 0 && sample.norms[i] <= RowTile.normLimit {
            let row = unsafe sample.row(at: i)
            for j in 0..<dimension { columns[j * rows.count + i] = unsafe row[j] }
        }
        let count = rows.count
        let values = columns
        return try concurrentFill(
            rowCount: dimension,
            width: dimension,
            rowsPerChunk: max(16, (dimension + 7) / 8),
            workers: workers
        ) { part, block in
            unsafe values.withUnsafeBufferPointer { source in
                unsafe block.withUnsafeMutableBufferPointer { target in
                    guard let source = source.baseAddress, let target = target.baseAddress else { return }
                    unsafe GEMM.multiplyTransposed(
                        GEMM.preferred,
                        a: source + part.lowerBound * count,
                        aStride: count,
                        rows: part.count,
                        b: source,
                        bStride: count,
                        columns: dimension,
                        depth: count,
                        c: target,
                        cStride: dimension
                    )
                }
            }
        }
    }
}
