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
        var scores = [Float](repeating: 0, count: queryCount * blockCount)
        unsafe scores.withUnsafeMutableBufferPointer { scores in
            unsafe decoded.withUnsafeBufferPointer { decoded in
                unsafe centroids.withUnsafeBufferPointer { centroids in
                    guard let a = decoded.baseAddress, let b = centroids.baseAddress, let c = scores.baseAddress else {
                        return
                    }
                    unsafe GEMM.multiplyTransposed(
                        GEMM.preferred,
                        a: a,
                        aStride: depth,
                        rows: queryCount,
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
        return (0..<queryCount).map { i in
            if floors[i].value == .infinity { return [] }
            var best: [Int] = []
            for block in 0..<blockCount {
                let score = scores[i * blockCount + block]
                if best.count == count, score <= scores[i * blockCount + best[count - 1]] { continue }
                let place = best.firstIndex { scores[i * blockCount + $0] < score } ?? best.count
                best.insert(block, at: place)
                if best.count > count { best.removeLast() }
            }
            return best
        }
    }
}
