// SPDX-License-Identifier: Apache-2.0

/// Rows that lie near a common one.
public struct Community: Sendable, Equatable {
    /// The row that all members are near to. It may be a member of a larger community instead.
    public let center: Int
    /// Whether the center is a row of this community; if not, one before it has taken it.
    public let holdsCenter: Bool
    /// The other rows with their scores to the center, best first, of equal ones the lower row.
    public let members: [Neighbor]

    /// All rows: the center, if it is one of them, then the members.
    public var rows: [Int] { (holdsCenter ? [center] : []) + members.map(\.row) }

    /// How many rows there are.
    public var size: Int { members.count + (holdsCenter ? 1 : 0) }
}

extension SelfJoin {
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
    /// - Parameter minimumSize: Rows that a community has at least, the center included. With 1, a row without near ones is a community of its
    ///   own, one that the join has skipped as invalid too.
    /// - Complexity: linear in rows and pairs, and `log` factors for sorting; 16 bytes a pair.
    /// - Throws: ``SimilarityError`` for more than 2^32 - 1 rows.
    /// - Precondition: `minimumSize >= 1`.
    public func communities(minimumSize: Int) throws -> [Community] {
        try communities(PairGraph(self), of: nil, minimumSize: minimumSize)
    }

    /// The same of all rows, where these are the pairs of the rows that stand for classes of equal ones, numbered as the classes are, each by
    /// its first row.
    ///
    /// Equal rows have the same candidate. Once the first of them has had its turn, what the others could take is taken, or too small.
    ///
    /// - Precondition: the metric has a score of equal rows, see `Metric.scoreOfCopies`.
    package func communities(of copies: RowCopies, minimumSize: Int) throws -> [Community] {
        try communities(PairGraph(self), of: copies, minimumSize: minimumSize)
    }

    /// - Parameter copies: What the nodes of the graph stand for; nil where each is a row.
    private func communities(
        _ graph: PairGraph,
        of copies: RowCopies?,
        minimumSize: Int
    ) -> [Community] {
        precondition(minimumSize >= 1, "communities of at least \(minimumSize)")
        let sizes = (0..<graph.rowCount).map { node in
            guard let classes = copies?.classes else { return graph.degree(node) + 1 }
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
                for row in rows { members.append(Neighbor(row: row, score: metric.reported(score))) }
            }
            graph.forEachNeighbor(node) { take($0, copies?.classes[$0][...] ?? [$0], $1) }
            let center = copies?.representatives[node] ?? node
            if let copies { take(node, copies.classes[node].dropFirst(), metric.score(reported: metric.scoreOfCopies)) }
            let size = members.count + (isTaken[node] ? 0 : 1)
            if size < minimumSize { continue }
            members.sort(by: metric.ranks)
            let holdsCenter = !isTaken[node]
            for node in nodes + [node] { isTaken[node] = true }
            found.append(Community(center: center, holdsCenter: holdsCenter, members: members))
        }
        // Stable: equal sizes stay in the order in which they were taken.
        return found.enumerated().sorted {
            (-$0.element.size, $0.offset) < (-$1.element.size, $1.offset)
        }.map(\.element)
    }
}
