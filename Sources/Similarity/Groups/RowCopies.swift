// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// Rows that have the same components, as classes that one row each stands for.
///
/// Of m equal rows there are m (m - 1) / 2 pairs, all of which say the same: thirty thousand copies of one row would be half a
/// billion of them. What is near one of them is near all, and they are near each other as near as can be for cosine and distance, so
/// that a removal of duplicates can be done with one of each, and gives the same.
package struct RowCopies: Sendable {
    /// The rows of each class, ascending. Classes are ordered by the rows that stand for them.
    package let classes: [[Int]]
    /// The row that stands for each class, ascending.
    package let representatives: [Int]
    /// The class of each row.
    package let classOfRow: [Int]

    /// Pairs of rows of the same class.
    package var pairCount: Int { classes.reduce(0) { $0 + $1.count * ($1.count - 1) / 2 } }

    /// - Parameters:
    ///   - firsts: For each row the first one that is equal to it, or itself.
    ///   - keeping: Which of equal rows stands for them: the one that would be kept.
    package init(firsts: [Int], keeping: DuplicateRemoval.Keeping) {
        var members: [Int: [Int]] = [:]
        for (row, first) in firsts.enumerated() { members[first, default: []].append(row) }
        let standing = members.values.map { rows -> (row: Int, rows: [Int]) in
            guard case .longest(let lengths) = keeping else { return (rows[0], rows) }
            return (rows.min { (-lengths[$0], $0) < (-lengths[$1], $1) } ?? rows[0], rows)
        }.sorted { $0.row < $1.row }
        classes = standing.map(\.rows)
        representatives = standing.map(\.row)
        var classOfRow = [Int](repeating: 0, count: firsts.count)
        for (number, rows) in classes.enumerated() { for row in rows { classOfRow[row] = number } }
        self.classOfRow = classOfRow
    }
}

extension VectorMatrix {
    /// For each row the first one whose components are the same, or itself; for a row that takes no part, itself.
    ///
    /// - Complexity: reads the rows once.
    package func firstCopies(among isPart: [Bool], cancellation: CancellationFlag?) throws -> [Int] {
        var firsts = Array(0..<rowCount)
        var byChecksum: [UInt64: [Int]] = [:]
        for row in 0..<rowCount where isPart[row] {
            if row % 4096 == 0 { try cancellation?.check() }
            let components = storage.row(row)
            // Zero has two patterns; rows that differ in them are told apart, which costs a pair and no answer.
            var hash: UInt64 = 14_695_981_039_346_656_037
            for value in components { hash = (hash ^ UInt64(value.bitPattern)) &* 1_099_511_628_211 }
            // A zero row has no cosine, and no pair.
            if !components.contains(where: { $0 != 0 }) { continue }
            let candidates = byChecksum[hash] ?? []
            if let first = candidates.first(where: { storage.row($0) == components }) {
                firsts[row] = first
            } else {
                byChecksum[hash, default: []].append(row)
            }
        }
        return firsts
    }
}

extension Metric {
    /// The score of a row with its copy, where it is the same for all rows.
    ///
    /// - Precondition: not ``dot``.
    package var scoreOfCopies: Float {
        precondition(self != .dot, "the product of a row with its copy is that of the row")
        return self == .euclidean ? 0 : 1
    }
}

extension SelfJoin {
    /// The same as ``removingDuplicates(linkage:keeping:)`` of all rows, where these are the pairs of the rows that stand for classes
    /// of equal ones, numbered as the classes are.
    ///
    /// - Precondition: the metric has a score of equal rows, see `Metric.scoreOfCopies`.
    package func removingDuplicates(
        of copies: RowCopies,
        linkage: DuplicateRemoval.Linkage,
        keeping: DuplicateRemoval.Keeping
    ) throws -> DuplicateRemoval {
        let graph = try PairGraph(self)
        let ownScore = metric.score(reported: metric.scoreOfCopies)
        let order = copies.order(graph, ownScore: ownScore, keeping: keeping)
        let keptClass = linkage == .kept ? Self.nearestKept(graph, order) : Self.chained(graph, order)
        var scores = [Float?](repeating: nil, count: copies.classes.count)
        for number in scores.indices where keptClass[number] != number {
            graph.forEachNeighbor(number) { if $0 == keptClass[number] { scores[number] = $1 } }
        }
        let keptFor = copies.classOfRow.map { copies.representatives[keptClass[$0]] }
        var numbers: [Int: Int] = [:]
        for row in Set(keptFor.indices.lazy.filter { keptFor[$0] != $0 }.map { keptFor[$0] }).sorted() {
            numbers[row] = numbers.count
        }
        var dropped: [DuplicateRemoval.Dropped] = []
        for row in keptFor.indices where keptFor[row] != row {
            let number = copies.classOfRow[row]
            let score = keptClass[number] == number ? ownScore : scores[number]
            let group = numbers[keptFor[row]] ?? 0
            dropped.append(
                DuplicateRemoval.Dropped(
                    row: row,
                    kept: keptFor[row],
                    score: score.map { metric.reported($0) },
                    group: group
                )
            )
        }
        return DuplicateRemoval(
            kept: keptFor.indices.filter { keptFor[$0] == $0 },
            dropped: dropped,
            groupCount: numbers.count
        )
    }
}

extension RowCopies {
    /// Classes, those whose row is rather kept first: as all rows would be ordered.
    fileprivate func order(_ graph: PairGraph, ownScore: Float, keeping: DuplicateRemoval.Keeping) -> [Int] {
        let numbers = Array(classes.indices)
        switch keeping {
        case .first: return numbers
        case .longest(let lengths):
            return numbers.sorted { (-lengths[representatives[$0]], $0) < (-lengths[representatives[$1]], $1) }
        case .central:
            // Every neighbor counts as often as it is there.
            let near = numbers.map { number -> (count: Int, sum: Double) in
                var (count, sum) = (classes[number].count - 1, Double(classes[number].count - 1) * Double(ownScore))
                graph.forEachNeighbor(number) { other, score in
                    count += classes[other].count
                    sum += Double(classes[other].count) * Double(score)
                }
                return (count, sum)
            }
            return numbers.sorted { (-near[$0].count, -near[$0].sum, $0) < (-near[$1].count, -near[$1].sum, $1) }
        }
    }
}
