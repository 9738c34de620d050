// SPDX-License-Identifier: Apache-2.0

/// Two rows that are close to each other.
public struct ScoredPair: Sendable, Hashable {
    /// The row of the left side; in a self-join the lower one.
    public let a: Int
    /// The row of the right side; in a self-join the higher one.
    public let b: Int
    /// The cosine or the dot product, where more is better, or for ``Metric/euclidean`` the distance, where less is.
    public let score: Float

    /// Two rows with their score.
    public init(a: Int, b: Int, score: Float) {
        self.a = a
        self.b = b
        self.score = score
    }

    /// The order of every result: by `a`, then `b`.
    package static func precedes(_ first: ScoredPair, _ second: ScoredPair) -> Bool {
        (first.a, first.b) < (second.a, second.b)
    }
}

/// All pairs of a row of one matrix and a row of another that reach a threshold: a collection in the order of `a`, then `b`.
public struct Join: RandomAccessCollection, Sendable {
    /// The metric of the scores.
    public let metric: Metric
    /// The pairs.
    public let pairs: [ScoredPair]
    /// Rows of the left side.
    public let leftRowCount: Int
    /// Rows of the right side.
    public let rightRowCount: Int
    /// Names of the left rows, if they had some: `leftIDs?[pair.a]`.
    public let leftIDs: [RowID]?
    /// Names of the right rows, if they had some: `rightIDs?[pair.b]`.
    public let rightIDs: [RowID]?
    /// What the join did.
    public let counters: RunCounters

    /// Always 0.
    public var startIndex: Int { 0 }
    /// How many pairs there are.
    public var endIndex: Int { pairs.count }
    /// The pair of a place.
    ///
    /// - Precondition: the place is in range.
    public subscript(place: Int) -> ScoredPair { pairs[place] }

    /// Pairs that were found elsewhere or have been stored.
    ///
    /// - Precondition: they are ordered by `a`, then `b`, each once, and are rows of their sides; ids, where there are any, are one a row.
    /// - Complexity: one look at each pair.
    public init(
        _ pairs: [ScoredPair],
        metric: Metric,
        leftRowCount: Int,
        rightRowCount: Int,
        leftIDs: [RowID]? = nil,
        rightIDs: [RowID]? = nil
    ) {
        precondition(
            pairs.allSatisfy { 0..<leftRowCount ~= $0.a && 0..<rightRowCount ~= $0.b },
            "a pair is not of \(leftRowCount) and \(rightRowCount) rows"
        )
        precondition(zip(pairs, pairs.dropFirst()).allSatisfy(ScoredPair.precedes), "pairs are not in order")
        precondition(leftIDs.map { $0.count == leftRowCount } ?? true, "an id for each left row")
        precondition(rightIDs.map { $0.count == rightRowCount } ?? true, "an id for each right row")
        self.init(
            found: pairs,
            metric: metric,
            (leftRowCount, leftIDs),
            (rightRowCount, rightIDs),
            counters: RunCounters(engine: .auto)
        )
    }

    /// Pairs of which the above is known.
    init(
        found pairs: [ScoredPair],
        metric: Metric,
        _ left: (rowCount: Int, ids: [RowID]?),
        _ right: (rowCount: Int, ids: [RowID]?),
        counters: RunCounters
    ) {
        self.metric = metric
        self.pairs = pairs
        (leftRowCount, leftIDs) = left
        (rightRowCount, rightIDs) = right
        self.counters = counters
    }

    /// The pairs of a self-join as those of its rows on the left with its rows on the right.
    public init(_ join: SelfJoin) {
        let side = (join.rowCount, join.ids)
        self.init(found: join.pairs, metric: join.metric, side, side, counters: join.counters)
    }
}

extension Join: Equatable {
    /// Whether two joins found the same: metric, rows, scores and names. What they did to find it does not count.
    public static func == (a: Join, b: Join) -> Bool {
        a.metric == b.metric && (a.leftRowCount, a.rightRowCount) == (b.leftRowCount, b.rightRowCount)
            && a.pairs == b.pairs && a.leftIDs == b.leftIDs && a.rightIDs == b.rightIDs
    }
}

/// All pairs of two rows of one matrix that reach a threshold, each once: a collection in the order of `a`, then `b`, where `a < b`.
///
/// It knows how many rows there are, so that it can be grouped: ``removingDuplicates(linkage:keeping:)``, ``communities(minimumSize:)``.
public struct SelfJoin: RandomAccessCollection, Sendable {
    /// The metric of the scores.
    public let metric: Metric
    /// The pairs.
    public let pairs: [ScoredPair]
    /// Rows of the matrix.
    public let rowCount: Int
    /// Names of the rows, if they had some.
    public let ids: [RowID]?
    /// What the join did.
    public let counters: RunCounters

    /// Always 0.
    public var startIndex: Int { 0 }
    /// How many pairs there are.
    public var endIndex: Int { pairs.count }
    /// The pair of a place.
    ///
    /// - Precondition: the place is in range.
    public subscript(place: Int) -> ScoredPair { pairs[place] }

    /// Pairs that were found elsewhere or have been stored.
    ///
    /// - Precondition: they are ordered by `a`, then `b`, each once, with `a < b < rowCount`; ids, where there are any, are one a row.
    /// - Complexity: one look at each pair.
    public init(_ pairs: [ScoredPair], metric: Metric, rowCount: Int, ids: [RowID]? = nil) {
        precondition(
            pairs.allSatisfy { 0 <= $0.a && $0.a < $0.b && $0.b < rowCount },
            "a pair is not of two of \(rowCount) rows, the lower one first"
        )
        precondition(zip(pairs, pairs.dropFirst()).allSatisfy(ScoredPair.precedes), "pairs are not in order")
        precondition(ids.map { $0.count == rowCount } ?? true, "an id for each row")
        self.init(
            found: pairs,
            metric: metric,
            rowCount: rowCount,
            ids: ids,
            counters: RunCounters(engine: .auto)
        )
    }

    /// Pairs of which the above is known.
    init(found pairs: [ScoredPair], metric: Metric, rowCount: Int, ids: [RowID]?, counters: RunCounters) {
        self.metric = metric
        self.pairs = pairs
        self.rowCount = rowCount
        self.ids = ids
        self.counters = counters
    }
}

extension SelfJoin: Equatable {
    /// Whether two joins found the same: metric, rows, scores and names. What they did to find it does not count.
    public static func == (a: SelfJoin, b: SelfJoin) -> Bool {
        a.metric == b.metric && a.rowCount == b.rowCount && a.pairs == b.pairs && a.ids == b.ids
    }
}
