// SPDX-License-Identifier: Apache-2.0

/// Mean and scatter of rows: what a principal component analysis is made of.
///
/// The sums are added in an order that depends on the shapes alone. Everything is in `Double`, of rows from which the mean is subtracted first:
/// a direction whose variance is a millionth of the largest has nine digits of its own, where products in single precision would have one.
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
            let rows = part * step..<min((part + 1) * step, storage.rowCount)
            return RowSums.sum(count: rows.count, of: storage) {
                rows.lowerBound + $0
            } weight: { _ in
                1
            }
        }
        var sum = [Double](repeating: 0, count: storage.dimension)
        for part in parts { for i in sum.indices { sum[i] += part[i] } }
        return sum.map { $0 / Double(max(storage.rowCount, 1)) }
    }

    /// `sum (x - mean)(x - mean)^T` over all rows, row-major; the lower triangle is what is filled.
    ///
    /// - Complexity: `n d^2` multiply-adds, about half of a full product, and at most 256 MiB beside the result.
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
        let parts = try concurrentMap(count: partCount, workers: workers) { part in
            var sums = [Double](repeating: 0, count: order)
            let rows = part * storage.rowCount / partCount..<(part + 1) * storage.rowCount / partCount
            var centered = [Double](repeating: 0, count: dimension * productRows)
            var block = [Double](repeating: 0, count: order)
            var tile = RowTile()
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: productRows) {
                try check()
                let count = min(productRows, rows.upperBound - start)
                tile.loadComponents(start..<start + count, of: storage)
                #if OpenBLAS
                subtract(mean, from: tile, count: count, into: &centered)
                unsafe centered.withUnsafeBufferPointer { source in
                    unsafe block.withUnsafeMutableBufferPointer { target in
                        guard let source = source.baseAddress, let target = target.baseAddress else { return }
                        unsafe GEMM.openBLASScatter(source, rows: count, columns: dimension, into: target)
                    }
                }
                #else
                transpose(tile, count: count, less: mean, into: &centered)
                multiply(centered, dimension: dimension, count: count, into: &block)
                #endif
                for i in 0..<dimension {
                    for j in 0...i { sums[i * dimension + j] += block[i * dimension + j] }
                }
            }
            return sums
        }
        var total = parts[0]
        for part in parts.dropFirst() { for i in total.indices { total[i] += part[i] } }
        return total
    }

    #if OpenBLAS
    /// Rows less their mean, one behind the other.
    private static func subtract(
        _ mean: [Double],
        from tile: borrowing RowTile,
        count: Int,
        into values: inout [Double]
    ) {
        let dimension = mean.count
        unsafe values.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress else { return }
            for i in 0..<count {
                let (source, row) = unsafe (tile.row(at: i), target + i * dimension)
                for j in 0..<dimension { unsafe row[j] = Double(source[j]) - mean[j] }
            }
        }
    }
    #else
    /// Components of rows as columns that are `productRows` long: `columns[j]` holds component j of each row, less its mean; zeros behind them.
    private static func transpose(
        _ tile: borrowing RowTile,
        count: Int,
        less mean: [Double],
        into columns: inout [Double]
    ) {
        let dimension = mean.count
        unsafe columns.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress else { return }
            for j in 0..<dimension {
                for i in 0..<count { unsafe target[j * productRows + i] = Double(tile.row(at: i)[j]) - mean[j] }
                for i in count..<productRows { unsafe target[j * productRows + i] = 0 }
            }
        }
    }

    /// The products of each column with those up to itself.
    private static func multiply(_ columns: [Double], dimension: Int, count: Int, into block: inout [Double]) {
        let steps = (count + 7) / 8
        unsafe columns.withUnsafeBytes { columns in
            guard let base = columns.baseAddress else { return }
            for i in 0..<dimension {
                let a = unsafe base + i * productRows * 8
                for j in 0...i {
                    let b = unsafe base + j * productRows * 8
                    var sum = SIMD8<Double>.zero
                    for step in 0..<steps {
                        let x = unsafe a.loadUnaligned(fromByteOffset: 64 * step, as: SIMD8<Double>.self)
                        let y = unsafe b.loadUnaligned(fromByteOffset: 64 * step, as: SIMD8<Double>.self)
                        sum += x * y
                    }
                    block[i * dimension + j] = sum.sum()
                }
            }
        }
    }
    #endif
}
