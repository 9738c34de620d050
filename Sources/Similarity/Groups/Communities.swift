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
        try communities(PairGraph(pairs, rowCount: rowCount), of: nil, minimumSize: minimumSize)
    }

    /// The same of all rows, where these are the pairs of the rows that stand for classes of equal ones, numbered as the classes are, each by
    /// its first row.
    ///
    /// Equal rows have the same candidate. Once the first of them has had its turn, what the others could take is taken, or too small.
    ///
    /// - Parameter ownScore: The score of a row with its copy: 1 for cosine, 0 for Euclidean distance.
    package func communities(of copies: RowCopies, ownScore: Float, minimumSize: Int) throws -> [Community] {
        let graph = try PairGraph(pairs, rowCount: copies.classes.count)
        return communities(graph, of: (copies, ownScore), minimumSize: minimumSize)
    }

    /// - Parameter copies: What the nodes of the graph stand for; nil where each is a row.
    private func communities(
        _ graph: PairGraph,
        of copies: (classes: RowCopies, ownScore: Float)?,
        minimumSize: Int
    ) -> [Community] {
        precondition(minimumSize >= 1, "communities of at least \(minimumSize)")
        let sizes = (0..<graph.rowCount).map { node in
            guard let classes = copies?.classes.classes else { return graph.degree(node) + 1 }
            var size = classes[node].count
            graph.forEachNeighbor(node) { other, _ in size += classes[other].count }
            return size
        }
        let centers = sizes.indices.filter { sizes[$0] >= minimumSize }.sorted { (-sizes[$0], $0) < (-sizes[$1], $1) }
        var isTaken = [Bool](repeating: false, count: graph.rowCount)
        var found: [Community] = []
        for node in centers {
            var nodes: [Int] = []
            var members: [Neighbor] = []
            let take = { (node: Int, rows: ArraySlice<Int>, score: Float) in
                if isTaken[node] { return }
                nodes.append(node)
                for row in rows { members.append(Neighbor(row: row, score: score)) }
            }
            graph.forEachNeighbor(node) { take($0, copies?.classes.classes[$0][...] ?? [$0], $1) }
            let center = copies?.classes.representatives[node] ?? node
            if let copies { take(node, copies.classes.classes[node].dropFirst(), copies.ownScore) }
            let size = members.count + (isTaken[node] ? 0 : 1)
            if size < minimumSize { continue }
            members.sort()
            let own = isTaken[node] ? [] : [Community.Member(row: center, score: nil)]
            for node in nodes + [node] { isTaken[node] = true }
            found.append(
                Community(
                    center: center,
                    members: own + members.map { Community.Member(row: $0.row, score: $0.score) }
                )
            )
        }
        // Stable: equal sizes stay in the order in which they were taken.
        return found.enumerated().sorted {
            (-$0.element.members.count, $0.offset) < (-$1.element.members.count, $1.offset)
        }.map(\.element)
    }
}
