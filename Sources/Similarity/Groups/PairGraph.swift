// SPDX-License-Identifier: Apache-2.0

/// The pairs of a self-join as lists of neighbors: who is near whom, each pair at both of its rows, with its canonical score.
struct PairGraph {
    /// Where the neighbors of each row begin; one more than there are rows.
    private let offsets: [Int]
    private let neighborRows: [UInt32]
    private let neighborScores: [Float]

    /// - Complexity: 16 bytes a pair, and 8 a row.
    init(_ join: SelfJoin) throws(SimilarityError) {
        let (pairs, metric, rowCount) = (join.pairs, join.metric, join.rowCount)
        guard rowCount <= Int(UInt32.max) else {
            throw .tooLarge("\(rowCount) rows are too many to be grouped; expected at most \(UInt32.max)")
        }
        var counts = [Int](repeating: 0, count: rowCount + 1)
        for pair in pairs {
            counts[pair.a + 1] += 1
            counts[pair.b + 1] += 1
        }
        for row in 0..<rowCount { counts[row + 1] += counts[row] }
        var rows = [UInt32](repeating: 0, count: 2 * pairs.count)
        var scores = [Float](repeating: 0, count: 2 * pairs.count)
        var next = counts
        // Pairs come by a, then b, so each list comes out by row.
        for pair in pairs {
            rows[next[pair.b]] = UInt32(pair.a)
            scores[next[pair.b]] = metric.score(reported: pair.score)
            next[pair.b] += 1
        }
        for pair in pairs {
            rows[next[pair.a]] = UInt32(pair.b)
            scores[next[pair.a]] = metric.score(reported: pair.score)
            next[pair.a] += 1
        }
        offsets = counts
        neighborRows = rows
        neighborScores = scores
    }

    var rowCount: Int { offsets.count - 1 }

    func degree(_ row: Int) -> Int { offsets[row + 1] - offsets[row] }

    /// Calls `body` with each neighbor of a row and its score, in the order of the rows.
    @inline(__always)
    func forEachNeighbor(_ row: Int, _ body: (Int, Float) -> Void) {
        for i in offsets[row]..<offsets[row + 1] { body(Int(neighborRows[i]), neighborScores[i]) }
    }
}
