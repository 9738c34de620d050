// SPDX-License-Identifier: Apache-2.0

/// Mean and scatter of rows: what a principal component analysis is made of.
///
/// The sums are added in an order that depends on the shapes alone. Products are in single precision, within the bound of `GEMM`, of rows
/// from which the mean is subtracted first, so that a large mean takes no digits; they are added up in `Double`.
package enum CenteredMoments {
    /// Rows of a part that one worker adds up, and of a product.
    private static let productRows = 1024

    /// The mean of all rows.
    package static func mean(of storage: RowStorage, workers: Int, check: @Sendable () throws -> Void) throws
        -> [Double]
    {
        let step = 1 << 13
        let parts = try concurrentMap(count: (storage.rowCount + step - 1) / step, workers: workers) { part in
            try check()
            return RowSums.sum(part * step..<min((part + 1) * step, storage.rowCount), of: storage) { _ in 1 }
        }
        var sum = [Double](repeating: 0, count: storage.dimension)
        for part in parts { for i in sum.indices { sum[i] += part[i] } }
        return sum.map { $0 / Double(max(storage.rowCount, 1)) }
    }

    /// `sum (x - mean)(x - mean)^T` over all rows, row-major; the lower triangle is what is filled.
    ///
    /// - Complexity: `n d^2` multiply-adds, about half of a full product, and at most 128 MiB beside the result.
    package static func scatter(
        of storage: RowStorage,
        mean: [Double],
        workers: Int,
        check: @Sendable () throws -> Void
    ) throws -> [Double] {
        let dimension = storage.dimension
        let order = dimension * dimension
        // A pure function of the shapes, so that the order of the sums is.
        let partCount = max(1, min(16, (1 << 24) / order, (storage.rowCount + productRows - 1) / productRows))
        let center = mean.map { Float($0) }
        let parts = try concurrentMap(count: partCount, workers: workers) { part in
            var sums = [Double](repeating: 0, count: order)
            let rows = part * storage.rowCount / partCount..<(part + 1) * storage.rowCount / partCount
            var columns = [Float](repeating: 0, count: dimension * productRows)
            var block = [Float](repeating: 0, count: dimension * dimension)
            var tile = RowTile()
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: productRows) {
                try check()
                let count = min(productRows, rows.upperBound - start)
                multiply(start..<start + count, of: storage, center, &tile, &columns, into: &block)
                for i in 0..<dimension {
                    for j in 0...i { sums[i * dimension + j] += Double(block[i * dimension + j]) }
                }
            }
            return sums
        }
        var total = parts[0]
        for part in parts.dropFirst() { for i in total.indices { total[i] += part[i] } }
        return total
    }

    /// The scatter of some rows, its lower triangle at least.
    ///
    /// - Parameter scratch: Room for `productRows` rows.
    private static func multiply(
        _ rows: Range<Int>,
        of storage: RowStorage,
        _ center: [Float],
        _ tile: inout RowTile,
        _ scratch: inout [Float],
        into block: inout [Float]
    ) {
        let dimension = storage.dimension
        #if OpenBLAS
        if GEMM.preferred == .openBLAS {
            subtract(center, from: rows, of: storage, &tile, into: &scratch)
            unsafe scratch.withUnsafeBufferPointer { source in
                unsafe block.withUnsafeMutableBufferPointer { target in
                    guard let source = source.baseAddress, let target = target.baseAddress else { return }
                    unsafe GEMM.openBLASScatter(source, rows: rows.count, columns: dimension, into: target)
                }
            }
            return
        }
        #endif
        transpose(rows, of: storage, center, &tile, into: &scratch)
        multiply(scratch, dimension: dimension, count: rows.count, into: &block)
    }

    /// Rows less their mean, one behind the other.
    private static func subtract(
        _ center: [Float],
        from rows: Range<Int>,
        of storage: RowStorage,
        _ tile: inout RowTile,
        into values: inout [Float]
    ) {
        tile.loadComponents(rows, of: storage)
        let dimension = storage.dimension
        unsafe values.withUnsafeMutableBufferPointer { target in
            unsafe center.withUnsafeBufferPointer { center in
                guard let target = target.baseAddress, let center = center.baseAddress else { return }
                for i in 0..<rows.count {
                    let (source, row) = unsafe (tile.row(at: i), target + i * dimension)
                    for j in 0..<dimension { unsafe row[j] = source[j] - center[j] }
                }
            }
        }
    }

    /// Components of rows as columns that are `productRows` long: `columns[j]` holds component j of each row, less its mean.
    private static func transpose(
        _ rows: Range<Int>,
        of storage: RowStorage,
        _ center: [Float],
        _ tile: inout RowTile,
        into columns: inout [Float]
    ) {
        tile.loadComponents(rows, of: storage)
        let dimension = storage.dimension
        unsafe columns.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress else { return }
            // Squares of a cache line's width.
            for top in stride(from: 0, to: rows.count, by: 16) {
                for left in stride(from: 0, to: dimension, by: 16) {
                    for j in left..<min(left + 16, dimension) {
                        let mean = center[j]
                        for i in top..<min(top + 16, rows.count) {
                            unsafe target[j * productRows + i] = tile.row(at: i)[j] - mean
                        }
                    }
                }
            }
        }
    }

    /// The products of all columns with all columns up to their own panel.
    private static func multiply(_ columns: [Float], dimension: Int, count: Int, into block: inout [Float]) {
        let panel = 128
        unsafe columns.withUnsafeBufferPointer { source in
            unsafe block.withUnsafeMutableBufferPointer { target in
                guard let source = source.baseAddress, let target = target.baseAddress else { return }
                for first in stride(from: 0, to: dimension, by: panel) {
                    let rows = min(panel, dimension - first)
                    unsafe GEMM.multiplyTransposed(
                        GEMM.preferred,
                        a: source + first * productRows,
                        aStride: productRows,
                        rows: rows,
                        b: source,
                        bStride: productRows,
                        columns: first + rows,
                        depth: count,
                        c: target + first * dimension,
                        cStride: dimension
                    )
                }
            }
        }
    }
}
