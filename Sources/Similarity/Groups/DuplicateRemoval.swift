// SPDX-License-Identifier: Apache-2.0

/// Which rows of a set stay when near-duplicates are dropped, and for which row each of the others went.
public struct DuplicateRemoval: Sendable, Equatable {
    /// What makes a group of pairs.
    public enum Linkage: String, Sendable, CaseIterable {
        /// Every dropped row is itself near the row that is kept for it. In a chain `a-b-c`, where `a` and `c` are not near, `c` stays.
        case kept
        /// All rows that a chain of near pairs connects are one group, of which one row is kept: a dropped row may be far from it.
        case single
    }

    /// Which row of a group stays.
    public enum Keeping: Sendable, Equatable {
        /// The one with the lowest number.
        case first
        /// The one with the largest length, the lower row of equal ones: one length a row, e.g. of its text.
        case longest([Int])
        /// The one with the most near rows, of equal ones that with the larger sum of scores, then the lower row.
        case central
    }

    /// A row that was dropped.
    public struct Dropped: Sendable, Equatable {
        /// The row.
        public let row: Int
        /// The row that is kept for it.
        public let kept: Int
        /// The score of the two, the distance for ``Metric/euclidean``. Nil where a chain alone connects them, with ``Linkage/single``.
        public let score: Float?
        /// The number of the group: groups of two and more are counted from 0, by the row that is kept.
        public let group: Int
    }

    /// Rows that stay, ascending.
    public let kept: [Int]
    /// Rows that are dropped, ascending.
    public let dropped: [Dropped]
    /// Groups of two and more rows.
    public let groupCount: Int
}

extension SelfJoin {
    /// Drops near-duplicates, of which these are the pairs.
    ///
    /// With ``DuplicateRemoval/Linkage/kept``, rows are looked at in the order of `keeping`: one that is near no row that is kept already is
    /// kept. So no two kept rows are near each other, and every dropped row is near the kept row it is told of, which is the nearest one, of
    /// equally near ones the lower. Rows that are in no pair are kept.
    ///
    /// - Complexity: `n log n` for n rows, and linear in the pairs; 16 bytes a pair and about 40 a row.
    /// - Throws: ``SimilarityError`` for more than 2^32 - 1 rows.
    /// - Precondition: lengths, where they are given, are one a row.
    public func removingDuplicates(
        linkage: DuplicateRemoval.Linkage = .kept,
        keeping: DuplicateRemoval.Keeping = .first
    ) throws -> DuplicateRemoval {
        let graph = try PairGraph(self)
        let order = keeping.order(graph)
        let keptFor = linkage == .kept ? Self.nearestKept(graph, order) : Self.chained(graph, order)
        var numbers: [Int: Int] = [:]
        for row in Set(keptFor.indices.lazy.filter { keptFor[$0] != $0 }.map { keptFor[$0] }).sorted() {
            numbers[row] = numbers.count
        }
        var dropped: [DuplicateRemoval.Dropped] = []
        for row in 0..<rowCount where keptFor[row] != row {
            var score: Float?
            graph.forEachNeighbor(row) { if $0 == keptFor[row] { score = metric.reported($1) } }
            let group = numbers[keptFor[row]] ?? 0
            dropped.append(DuplicateRemoval.Dropped(row: row, kept: keptFor[row], score: score, group: group))
        }
        return DuplicateRemoval(
            kept: (0..<rowCount).filter { keptFor[$0] == $0 },
            dropped: dropped,
            groupCount: numbers.count
        )
    }

    /// For each row the kept row that it goes for, itself if it is kept.
    static func nearestKept(_ graph: PairGraph, _ order: [Int]) -> [Int] {
        var isKept = [Bool](repeating: false, count: graph.rowCount)
        var isDropped = isKept
        for row in order where !isDropped[row] {
            isKept[row] = true
            graph.forEachNeighbor(row) { other, _ in isDropped[other] = true }
        }
        return (0..<graph.rowCount).map { row in
            if isKept[row] { return row }
            var best = (row: row, score: -Float.infinity)
            graph.forEachNeighbor(row) { other, score in
                if isKept[other], score > best.score { best = (other, score) }
            }
            return best.row
        }
    }

    /// For each row the first of its component, in the order given.
    static func chained(_ graph: PairGraph, _ order: [Int]) -> [Int] {
        var keptFor = [Int](repeating: -1, count: graph.rowCount)
        var waiting: [Int] = []
        for first in order where keptFor[first] < 0 {
            keptFor[first] = first
            waiting.append(first)
            while let row = waiting.popLast() {
                graph.forEachNeighbor(row) { other, _ in
                    if keptFor[other] < 0 {
                        keptFor[other] = first
                        waiting.append(other)
                    }
                }
            }
        }
        return keptFor
    }
}

extension DuplicateRemoval.Keeping {
    /// Rows, those that are rather kept first.
    fileprivate func order(_ graph: PairGraph) -> [Int] {
        let rows = Array(0..<graph.rowCount)
        switch self {
        case .first: return rows
        case .longest(let lengths):
            precondition(lengths.count == graph.rowCount, "\(lengths.count) lengths for \(graph.rowCount) rows")
            return rows.sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }
        case .central:
            let sums = rows.map { row in
                var sum = 0.0
                graph.forEachNeighbor(row) { sum += Double($1) }
                return sum
            }
            return rows.sorted {
                (-graph.degree($0), -sums[$0], $0) < (-graph.degree($1), -sums[$1], $1)
            }
        }
    }
}
