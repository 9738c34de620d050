// SPDX-License-Identifier: Apache-2.0

/// Rows that lie near a common one.
public struct Community: Sendable, Equatable {
    /// The row that all members are near to. It may be a member of a larger community instead.
    public let center: Int
    /// The members with their scores to the center, best first, of equal ones the lower row; the center itself, with a nil score, is first.
    public let members: [Member]

    /// A row of a community.
    public struct Member: Sendable, Equatable {
        /// The row.
        public let row: Int
        /// Its score with the center; nil for the center.
        public let score: Float?
    }
}

extension JoinedPairs {
    /// Communities by the rules of `community_detection` of sentence-transformers, of the pairs of a self-join at the threshold.
    ///
    /// Every row with at least `minimumSize - 1` near ones is the center of a candidate: itself and all rows near it. Candidates
    /// are taken from the largest on, of equal ones that with the lower center first; one keeps those of its rows that no candidate before it has
    /// taken, and is a community if these are still `minimumSize`. Communities come out by size, of equal ones in the order in which they were
    /// taken. So no row is in two communities, and a row may be in none.
    ///
    /// The rules differ from that function's in one thing: scores are the canonical ones, so a pair at the very threshold is always in, where there
    /// it depends on the batch.
    ///
    /// - Parameters:
    ///   - rowCount: Rows of the set.
    ///   - minimumSize: Rows that a community has at least, the center included.
    /// - Complexity: linear in rows and pairs, and `log` factors for sorting; 16 bytes a pair.
    /// - Throws: ``SimilarityError`` for more than 2^32 - 1 rows.
    /// - Precondition: `minimumSize >= 1`; every pair is of two different rows below `rowCount`.
    public func communities(rowCount: Int, minimumSize: Int) throws -> [Community] {
        precondition(minimumSize >= 1, "communities of at least \(minimumSize)")
        let graph = try PairGraph(pairs, rowCount: rowCount)
        let centers = (0..<rowCount).filter { graph.degree($0) + 1 >= minimumSize }.sorted {
            (-graph.degree($0), $0) < (-graph.degree($1), $1)
        }
        var isTaken = [Bool](repeating: false, count: rowCount)
        var found: [Community] = []
        for center in centers {
            var members: [Neighbor] = []
            graph.forEachNeighbor(center) { row, score in
                if !isTaken[row] { members.append(Neighbor(row: row, score: score)) }
            }
            let size = members.count + (isTaken[center] ? 0 : 1)
            if size < minimumSize { continue }
            members.sort()
            let own = isTaken[center] ? [] : [Community.Member(row: center, score: nil)]
            let community = Community(
                center: center,
                members: own + members.map { Community.Member(row: $0.row, score: $0.score) }
            )
            for member in community.members { isTaken[member.row] = true }
            found.append(community)
        }
        // Stable: equal sizes stay in the order in which they were taken.
        return found.enumerated().sorted {
            (-$0.element.members.count, $0.offset) < (-$1.element.members.count, $1.offset)
        }.map(\.element)
    }
}
