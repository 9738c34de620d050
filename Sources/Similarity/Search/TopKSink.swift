// SPDX-License-Identifier: Apache-2.0

/// Keeps the best `k` rows of each query of a block: one bounded heap a query, the worst kept row at its root.
///
/// The order is total: better score first, then the lower row number; so what is kept does not depend on the order in
/// which rows are offered.
///
/// - Complexity: an offer below the cut costs one comparison, one that enters `O(log k)`. Memory: `12 * k` bytes a query.
package struct TopKSink: TileSink {
    private let k: Int
    private var counts: [Int]
    private var scores: [Float]
    private var rows: [Int]

    /// - Precondition: `k >= 1`.
    package init(queryCount: Int, k: Int) {
        precondition(k >= 1)
        self.k = k
        counts = Array(repeating: 0, count: queryCount)
        scores = Array(repeating: 0, count: queryCount * k)
        rows = Array(repeating: 0, count: queryCount * k)
    }

    package static var cutsMove: Bool { true }
    package var keepsOne: Bool { k == 1 }

    package func cut(for query: Int) -> Float { counts[query] == k ? scores[query &* k] : -.infinity }

    package mutating func offer(query: Int, row: Int, score: Float) {
        let root = query &* k
        let count = counts[query]
        if count < k {
            scores[root + count] = score
            rows[root + count] = row
            counts[query] = count + 1
            siftUp(from: count, root: root)
        } else if isWorse(scores[root], rows[root], than: score, row) {
            scores[root] = score
            rows[root] = row
            siftDown(root: root, count: k)
        }
    }

    package mutating func merge(_ other: TopKSink) {
        for query in counts.indices {
            for i in 0..<other.counts[query] {
                offer(query: query, row: other.rows[query &* k + i], score: other.scores[query &* k + i])
            }
        }
    }

    package var queryCount: Int { counts.count }

    /// Calls `body` with what has been kept for a query, in no order.
    func forEachKept(_ query: Int, _ body: (_ row: Int, _ score: Float) -> Void) {
        for i in query &* k..<query &* k + counts[query] { body(rows[i], scores[i]) }
    }

    /// What has been kept for a query, best first.
    package func ranked(_ query: Int) -> [(row: Int, score: Float)] {
        let kept = (0..<counts[query]).map { (row: rows[query &* k + $0], score: scores[query &* k + $0]) }
        return kept.sorted { isWorse($1.score, $1.row, than: $0.score, $0.row) }
    }

    @inline(__always)
    private func isWorse(_ score: Float, _ row: Int, than otherScore: Float, _ otherRow: Int) -> Bool {
        score < otherScore || (score == otherScore && row > otherRow)
    }

    /// Restores the heap after an entry was put at its end.
    private mutating func siftUp(from index: Int, root: Int) {
        var child = index
        while child > 0 {
            let parent = (child - 1) / 2
            guard isWorse(scores[root + child], rows[root + child], than: scores[root + parent], rows[root + parent])
            else { return }
            swapEntries(root + child, root + parent)
            child = parent
        }
    }

    /// Restores the heap after its root was replaced.
    private mutating func siftDown(root: Int, count: Int) {
        var parent = 0
        while true {
            var worst = parent
            let left = 2 * parent + 1
            if left < count,
                isWorse(scores[root + left], rows[root + left], than: scores[root + worst], rows[root + worst])
            {
                worst = left
            }
            let right = left + 1
            if right < count,
                isWorse(scores[root + right], rows[root + right], than: scores[root + worst], rows[root + worst])
            {
                worst = right
            }
            if worst == parent { return }
            swapEntries(root + parent, root + worst)
            parent = worst
        }
    }

    private mutating func swapEntries(_ i: Int, _ j: Int) {
        scores.swapAt(i, j)
        rows.swapAt(i, j)
    }
}
