// SPDX-License-Identifier: Apache-2.0

extension ScoreMatrix {
    /// An order of the rows in which similar ones stand together: that of the leaves of a tree of clusters.
    ///
    /// Clusters are merged by the average score of their pairs, best first, found by chains of nearest neighbors (Murtagh, "A survey of
    /// recent advances in hierarchical clustering algorithms", 1983); of the ways in which two clusters can stand side by side the one is taken whose
    /// touching ends are most similar.
    ///
    /// - Complexity: O(n^2) operations and `4 n^2` bytes for n rows.
    /// - Precondition: the matrix is square. Where it is not symmetric, the mean of both scores counts; a NaN is the least similar.
    public func clusterOrder() -> [Int] {
        precondition(
            rowCount == columnCount,
            "\(rowCount) x \(columnCount) scores are not those of rows with each other"
        )
        let n = rowCount
        if n < 3 { return Array(0..<n) }
        let sign: Float = metric == .euclidean ? -1 : 1
        // Symmetric and without NaN, or a chain of nearest neighbors could go round for ever.
        var scores = [Float](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0..<n {
                let (a, b) = (sign * self[i, j], sign * self[j, i])
                let mean = a == b ? a : a / 2 + b / 2
                scores[i * n + j] = mean.isNaN ? -.infinity : mean
            }
        }
        var leaves: [[Int]?] = (0..<n).map { [$0] }
        var chain: [Int] = []
        var left = n
        while left > 1 {
            if chain.isEmpty { chain.append(leaves.firstIndex { $0 != nil } ?? 0) }
            while true {
                let last = chain[chain.count - 1]
                let before = chain.count > 1 ? chain[chain.count - 2] : nil
                // The one before wins ties, so that a chain comes to an end.
                var best = before.map { (row: $0, score: scores[last * n + $0]) }
                for row in 0..<n where row != last && leaves[row] != nil && row != before {
                    let score = scores[last * n + row]
                    if score > best?.score ?? -.infinity || best == nil { best = (row, score) }
                }
                guard let best else { return leaves.compactMap { $0 }.flatMap { $0 } }
                if best.row == before { break }
                chain.append(best.row)
            }
            let (a, b) = (chain.removeLast(), chain.removeLast())
            guard let first = leaves[a], let second = leaves[b] else { break }
            let (p, q) = (Float(first.count), Float(second.count))
            for row in 0..<n where row != a && row != b && leaves[row] != nil {
                let score = (p * scores[a * n + row] + q * scores[b * n + row]) / (p + q)
                scores[a * n + row] = score
                scores[row * n + a] = score
            }
            leaves[a] = joined(first, second, sign)
            leaves[b] = nil
            left -= 1
        }
        return leaves.compactMap { $0 }.flatMap { $0 }
    }

    /// Two lists side by side, each as it is or turned around, so that the ends that touch are most similar.
    private func joined(_ first: [Int], _ second: [Int], _ sign: Float) -> [Int] {
        func ends(_ a: Int, _ b: Int) -> Float { sign * self[a, b] }
        let (a, z, b, y) = (first[0], first[first.count - 1], second[0], second[second.count - 1])
        let ways: [(Float, [Int])] = [
            (ends(z, b), first + second), (ends(z, y), first + second.reversed()),
            (ends(a, b), first.reversed() + second),
            (ends(y, a), second + first),
        ]
        return ways.dropFirst().reduce(ways[0]) { $1.0 > $0.0 ? $1 : $0 }.1
    }

    /// The same scores with rows and columns in another order.
    ///
    /// - Precondition: the matrix is square, and `order` holds each of its rows once.
    public func ordered(by order: [Int]) -> ScoreMatrix {
        precondition(rowCount == columnCount && order.count == rowCount, "an order of \(order.count) rows")
        return ScoreMatrix(
            rowCount: rowCount,
            columnCount: columnCount,
            values: order.flatMap { row in order.map { self[row, $0] } },
            metric: metric
        )
    }
}
