// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// The neighbors of every row, of what groups of bands have found: each row has some in each group of its band, and the best of all count.
final class MergedNeighbors {
    private let groups: MergedPairs
    private let rowCount: Int
    private let k: Int
    private let metric: Metric
    /// Pairs that have been read, and where the next one stands.
    private var pairs: [ScoredPair] = []
    private var next = 0
    private var groupPieces = 0
    private let groupPieceCount: Int

    private static let pieceRows = 1 << 13

    init(_ groups: MergedPairs, rowCount: Int, k: Int, _ metric: Metric) {
        self.groups = groups
        self.rowCount = rowCount
        self.k = k
        self.metric = metric
        groupPieceCount = groups.pieces.count
    }

    /// One, of nothing, if there are no rows.
    var pieceCount: Int { max(1, (rowCount + Self.pieceRows - 1) / Self.pieceRows) }

    /// The rows after those of the last piece, or the first again.
    func piece(_ index: Int) throws -> NearestNeighbors {
        if index == 0 { (pairs, next, groupPieces) = ([], 0, 0) }
        var offsets = [0]
        var rows: [Int] = []
        var scores: [Float] = []
        for row in index * Self.pieceRows..<min((index + 1) * Self.pieceRows, rowCount) {
            var found: [Neighbor] = []
            while let pair = try first(), pair.a == row {
                found.append(Neighbor(row: pair.b, score: pair.score))
                next += 1
            }
            for neighbor in found.sorted(by: metric.ranks).prefix(k) {
                rows.append(neighbor.row)
                scores.append(neighbor.score)
            }
            offsets.append(rows.count)
        }
        return NearestNeighbors(metric: metric, k: k, offsets: offsets, rows: rows, scores: scores)
    }

    /// The next pair; nil after the last one.
    private func first() throws -> ScoredPair? {
        while next == pairs.count {
            guard groupPieces < groupPieceCount else { return nil }
            pairs = try groups.piece(groupPieces)
            groupPieces += 1
            next = 0
        }
        return pairs[next]
    }
}
