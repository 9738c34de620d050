// SPDX-License-Identifier: Apache-2.0

extension CodeFilter {
    /// The blocks whose rows are nearest to each query on average, `count` a query, best first.
    ///
    /// - Parameter centroids: Mean decoded prefix of each block.
    package func nearestBlocks(_ count: Int, centroids: [Float]) -> [[Int]] {
        let depth = rows.shape.depth
        let blockCount = rows.image.blockCount
        let queryCount = queries.count
        precondition(centroids.count == blockCount * depth)
        var decoded = [Float](repeating: 0, count: queryCount * depth)
        for i in 0..<queryCount {
            let from = queries.layout.start(ofQuery: i, depth: depth)
            for j in 0..<depth {
                decoded[i * depth + j] = Float(queries.codes[from + queries.layout.offset(ofCoordinate: j)])
            }
        }
        let scores = CodedRows.products(of: decoded, count: queryCount, with: centroids, depth: depth)
        return (0..<queryCount).map { i in
            if floors[i].value == .infinity { return [] }
            return CodedRows.best(count, of: scores[i * blockCount..<(i + 1) * blockCount])
        }
    }
}

extension CodedRows {
    /// For each of some blocks the others that lie nearest to it, `count` a block, best first.
    ///
    /// - Parameters:
    ///   - others: The blocks that are looked at.
    ///   - centroids: Mean decoded prefix of each block.
    package func neighboringBlocks(
        _ count: Int,
        of blocks: Range<Int>,
        among others: Range<Int>,
        centroids: [Float]
    ) -> [[Int]] {
        let depth = shape.depth
        func rows(_ blocks: Range<Int>) -> [Float] {
            Array(centroids[blocks.lowerBound * depth..<blocks.upperBound * depth])
        }
        let columns = rows(others)
        // Some blocks at a time, so that their products take little.
        let step = max(1, (1 << 22) / max(others.count, 1))
        return stride(from: blocks.lowerBound, to: blocks.upperBound, by: step).flatMap { first in
            let some = first..<min(first + step, blocks.upperBound)
            var scores = Self.products(of: rows(some), count: some.count, with: columns, depth: depth)
            return some.map { block in
                let start = (block - first) * others.count
                let isOther = !others.contains(block)
                if !isOther { scores[start + block - others.lowerBound] = -.infinity }
                let most = isOther ? others.count : others.count - 1
                return Self.best(min(count, most), of: scores[start..<start + others.count]).map {
                    $0 + others.lowerBound
                }
            }
        }
    }

    /// The products of rows with centroids, a row of them a row.
    fileprivate static func products(of rows: [Float], count: Int, with centroids: [Float], depth: Int) -> [Float] {
        let blockCount = centroids.count / depth
        var scores = [Float](repeating: 0, count: count * blockCount)
        unsafe scores.withUnsafeMutableBufferPointer { scores in
            unsafe rows.withUnsafeBufferPointer { rows in
                unsafe centroids.withUnsafeBufferPointer { centroids in
                    guard let a = rows.baseAddress, let b = centroids.baseAddress, let c = scores.baseAddress else {
                        return
                    }
                    unsafe GEMM.multiplyTransposed(
                        GEMM.preferred,
                        a: a,
                        aStride: depth,
                        rows: count,
                        b: b,
                        bStride: depth,
                        columns: blockCount,
                        depth: depth,
                        c: c,
                        cStride: blockCount
                    )
                }
            }
        }
        return scores
    }

    /// The places of the largest scores, best first.
    fileprivate static func best(_ count: Int, of scores: ArraySlice<Float>) -> [Int] {
        var best: [Int] = []
        let first = scores.startIndex
        for (block, score) in scores.enumerated() {
            if best.count == count, count == 0 || score <= scores[first + best[count - 1]] { continue }
            let place = best.firstIndex { scores[first + $0] < score } ?? best.count
            best.insert(block, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
