// SPDX-License-Identifier: Apache-2.0
//
// Removal of duplicates against a naive version that looks at a matrix of all scores: which rows stay, for which one each other goes, and
// the promises of each linkage. What a chain is, by hand.

import Similarity
import Testing
import VectorTestSupport

@Suite struct DuplicateTests {
    /// The rules by the words of the documentation, on a matrix.
    private static func naive(
        _ near: [[Float?]],
        _ linkage: DuplicateRemoval.Linkage,
        _ order: [Int]
    ) -> [Int] {
        let n = near.count
        var keptFor = [Int?](repeating: nil, count: n)
        switch linkage {
        case .single:
            for first in order where keptFor[first] == nil {
                var members: Set = [first]
                var grows = true
                while grows {
                    let more = (0..<n).filter { row in
                        !members.contains(row) && members.contains { near[$0][row] != nil }
                    }
                    members.formUnion(more)
                    grows = !more.isEmpty
                }
                for row in members { keptFor[row] = first }
            }
        case .kept:
            var kept: [Int] = []
            for row in order where !kept.contains(where: { near[$0][row] != nil }) { kept.append(row) }
            for row in 0..<n {
                keptFor[row] =
                    kept.contains(row)
                    ? row : kept.sorted().max { near[$0][row] ?? -9 < near[$1][row] ?? -9 || false }
                if let best = keptFor[row], best != row {
                    keptFor[row] = kept.sorted().first { near[$0][row] == near[best][row] && near[$0][row] != nil }
                }
            }
        }
        return keptFor.map { $0 ?? -1 }
    }

    @Test(arguments: Metric.allCases, DuplicateRemoval.Linkage.allCases)
    func `what stays is what the rules say`(metric: Metric, linkage: DuplicateRemoval.Linkage) throws {
        let rows = clusteredRows(count: 70, dimension: 5, seed: 3) + embeddingLikeRows(count: 60, dimension: 5, seed: 8)
        let matrix = VectorMatrix(rows: rows)
        let lengths = rows.indices.map { $0 * 37 % 11 }
        for threshold: Float in metric == .euclidean ? [0, 0.8, 3] : [0.3, 0.9, 0.99, 4] {
            let joined = try matrix.selfJoin(threshold: threshold, metric: metric)
            var near = [[Float?]](repeating: [Float?](repeating: nil, count: rows.count), count: rows.count)
            for pair in joined.pairs {
                let score = metric.score(reported: pair.score)
                (near[pair.a][pair.b], near[pair.b][pair.a]) = (score, score)
            }
            let all = Array(rows.indices)
            func degree(_ row: Int) -> (Int, Double) {
                let scores = near[row].compactMap { $0 }
                return (-scores.count, -scores.reduce(0.0) { $0 + Double($1) })
            }
            let orders: [(DuplicateRemoval.Keeping, [Int])] = [
                (.first, all), (.longest(lengths), all.sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }),
                (
                    .central,
                    all.sorted { (degree($0).0, degree($0).1, $0) < (degree($1).0, degree($1).1, $1) }
                ),
            ]
            for (keeping, order) in orders {
                let removal = try joined.removingDuplicates(linkage: linkage, keeping: keeping)
                let expected = Self.naive(near, linkage, order)
                #expect(removal.kept == all.filter { expected[$0] == $0 })
                #expect(removal.dropped.map(\.row) == all.filter { expected[$0] != $0 })
                for dropped in removal.dropped {
                    #expect(
                        dropped.kept == expected[dropped.row]
                            && dropped.score == near[dropped.row][dropped.kept].map { metric.reported($0) }
                    )
                    #expect(linkage == .single || dropped.score != nil)
                }
                #expect(removal.groupCount == Set(removal.dropped.map(\.kept)).count)
                #expect(
                    Set(removal.dropped.map(\.group)) == Set(0..<removal.groupCount)
                        && removal.dropped.allSatisfy { a in
                            removal.dropped.allSatisfy { b in (a.group < b.group) == (a.kept < b.kept) }
                        }
                )
            }
        }
    }

    @Test(arguments: [Metric.cosine, .euclidean], [DuplicateRemoval.Linkage.kept, .single])
    func `one row for each of its copies gives what all rows give`(metric: Metric, linkage: DuplicateRemoval.Linkage)
        throws
    {
        let distinct = clusteredRows(count: 24, dimension: 4, seed: 5) + [[0, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0]]
        var random = SplitMix64(seed: 12)
        let rows = (0..<160).map { _ in distinct[random.below(distinct.count)] }
        let matrix = VectorMatrix(rows: rows)
        let lengths = rows.indices.map { $0 * 37 % 11 }
        let isPart = [Bool](repeating: true, count: rows.count)
        let firsts = try matrix.firstCopies(among: isPart, cancellation: nil)
        for (row, first) in firsts.enumerated() where rows[row].contains(where: { $0 != 0 }) {
            #expect(first == rows.firstIndex(of: rows[row]))
        }
        for threshold: Float in metric == .euclidean ? [0, 0.5, 2] : [0.5, 0.95, 1] {
            let all = try matrix.selfJoin(threshold: threshold, metric: metric)
            for keeping: DuplicateRemoval.Keeping in [.first, .longest(lengths), .central] {
                let copies = RowCopies(firsts: firsts, keeping: keeping)
                #expect(copies.pairCount > rows.count && copies.classes.count < 40)
                let few = try matrix.selecting(copies.representatives).selfJoin(threshold: threshold, metric: metric)
                let found = try few.removingDuplicates(
                    of: copies,
                    linkage: linkage,
                    keeping: keeping
                )
                let expected = try all.removingDuplicates(linkage: linkage, keeping: keeping)
                #expect(found == expected, "\(threshold) \(keeping)")
            }
            let copies = RowCopies(firsts: firsts, keeping: .first)
            let few = try matrix.selecting(copies.representatives).selfJoin(threshold: threshold, metric: metric)
            for size in [1, 4, 12] {
                let found = try few.communities(
                    of: copies,
                    minimumSize: size
                )
                #expect(try found == all.communities(minimumSize: size), "\(threshold) \(size)")
            }
        }
    }

    @Test func `a chain is one group by single linkage and two by the other`() throws {
        // Angles of 0, 20 and 40 degrees; near is within 25.
        let chain = VectorMatrix(rows: [[1, 0], [0.9397, 0.342], [0.766, 0.6428]])
        let joined = try chain.selfJoin(threshold: 0.9063)
        #expect(joined.pairs.count == 2)
        let kept = try joined.removingDuplicates()
        #expect(kept.kept == [0, 2] && kept.dropped.map(\.kept) == [0])
        let single = try joined.removingDuplicates(linkage: .single)
        #expect(single.kept == [0] && single.dropped.map(\.score).map { $0 == nil } == [false, true])
        let central = try joined.removingDuplicates(keeping: .central)
        #expect(central.kept == [1] && central.groupCount == 1)
    }

    @Test func `without pairs all rows stay`() throws {
        let joined = try VectorMatrix(rows: [[1, 0]]).selfJoin(threshold: 0.5)
        #expect(try joined.removingDuplicates().kept == [0])
        let nothing = SelfJoin([], metric: .cosine, rowCount: 0)
        #expect(try nothing.removingDuplicates().kept == [] && nothing.communities(minimumSize: 1) == [])
    }
}
