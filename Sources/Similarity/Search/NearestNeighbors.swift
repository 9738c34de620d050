// SPDX-License-Identifier: Apache-2.0

/// The nearest neighbors of each query: a collection of one list a query, each best first.
///
/// Queries may differ in how many they have: never more than `k` or than the corpus has rows, none for a zero query
/// under ``Metric/cosine``. There are no filler rows.
///
///     for (query, neighbors) in found.enumerated() {
///         for neighbor in neighbors { print(query, neighbor.row, neighbor.score) }
///     }
public struct NearestNeighbors: RandomAccessCollection, Sendable {
    /// The metric of the scores.
    public let metric: Metric
    /// The most neighbors a query could have: what was asked for, or as many as the corpus has rows.
    public let k: Int
    /// Where the neighbors of each query begin in ``rows`` and ``scores``; one more than there are queries.
    public let offsets: [Int]
    /// Corpus rows, query after query.
    public let rows: [Int]
    /// Their scores: cosines or dot products, or for ``Metric/euclidean`` distances.
    public let scores: [Float]
    /// Names of the queries, if they had some.
    public internal(set) var queryIDs: [RowID]?
    /// Names of the rows of the corpus, if they had some: `corpusIDs?[neighbor.row]`.
    public internal(set) var corpusIDs: [RowID]?
    /// What the search did.
    public let counters: RunCounters

    /// Always 0.
    public var startIndex: Int { 0 }
    /// How many queries there are.
    public var endIndex: Int { offsets.count - 1 }

    /// The neighbors of one query, best first; none if it has none.
    ///
    /// - Precondition: the query is in range.
    /// - Complexity: O(1), nothing is copied.
    public subscript(query: Int) -> NeighborList {
        precondition(query >= 0 && query < count, "query \(query) of \(count)")
        let range = offsets[query]..<offsets[query + 1]
        return NeighborList(rows: rows[range], scores: scores[range])
    }

    /// A result that was found elsewhere or has been stored.
    ///
    /// - Parameters:
    ///   - lists: The neighbors of each query.
    ///   - metric: What made their scores.
    ///   - k: The most neighbors that a query could have.
    /// - Precondition: no list is longer than `k`, and each is in the order of ``Metric/ranks(_:before:)``, without a row twice in succession.
    public init(_ lists: [[Neighbor]], metric: Metric, k: Int) {
        var offsets = [0]
        for (query, list) in lists.enumerated() {
            precondition(list.count <= k, "query \(query) has \(list.count) of \(k) neighbors")
            precondition(
                zip(list, list.dropFirst()).allSatisfy { metric.ranks($0, before: $1) },
                "the neighbors of query \(query) are not in order"
            )
            offsets.append(offsets[query] + list.count)
        }
        self.init(
            metric: metric,
            k: k,
            offsets: offsets,
            rows: lists.flatMap { $0.map(\.row) },
            scores: lists.flatMap { $0.map(\.score) }
        )
    }

    /// A result, or a part of one, that has been stored.
    ///
    /// - Precondition: `offsets` begin with 0, do not fall and end with the number of rows and of scores.
    package init(
        metric: Metric,
        k: Int,
        offsets: [Int],
        rows: [Int],
        scores: [Float],
        counters: RunCounters = RunCounters(engine: .auto)
    ) {
        precondition(offsets.first == 0 && offsets.last == rows.count && rows.count == scores.count)
        self.k = k
        self.metric = metric
        self.offsets = offsets
        self.rows = rows
        self.scores = scores
        self.counters = counters
    }

    /// The same neighbors with the names of both sides.
    package func named(queries: [RowID]?, corpus: [RowID]?) -> NearestNeighbors {
        var named = self
        (named.queryIDs, named.corpusIDs) = (queries, corpus)
        return named
    }
}

extension NearestNeighbors: Equatable {
    /// Whether two searches found the same: metric, `k`, rows, scores and names. What they did to find it does not count.
    public static func == (a: NearestNeighbors, b: NearestNeighbors) -> Bool {
        (a.metric, a.k) == (b.metric, b.k) && a.offsets == b.offsets && a.rows == b.rows && a.scores == b.scores
            && a.queryIDs == b.queryIDs && a.corpusIDs == b.corpusIDs
    }
}

extension NearestNeighbors {
    init(metric: Metric, k: Int, sinks: [TopKSink], counters: RunCounters) {
        var list = RankedLists(metric: metric)
        for sink in sinks { for query in 0..<sink.queryCount { list.append(sink.ranked(query)) } }
        self.init(metric: metric, k: k, lists: list, counters: counters)
    }

    /// Of sinks whose queries are rows of a prepared corpus, by place: row `i` of the corpus gets what has been found at the place of its codes,
    /// and nothing if it has none.
    ///
    /// - Parameter place: Where the codes of a row are; nil for a row without.
    init(
        metric: Metric,
        k: Int,
        sinks: [TopKSink],
        rowCount: Int,
        blockRows: Int,
        places: [UInt32?],
        counters: RunCounters
    ) {
        var list = RankedLists(metric: metric)
        list.reserve(queries: rowCount, k: Swift.min(k, Swift.max(rowCount - 1, 0)))
        for row in 0..<rowCount {
            list.append(places[row].map { sinks[Int($0) / blockRows].ranked(Int($0) % blockRows) } ?? [])
        }
        self.init(metric: metric, k: k, lists: list, counters: counters)
    }

    private init(metric: Metric, k: Int, lists: RankedLists, counters: RunCounters) {
        self.init(
            metric: metric,
            k: k,
            offsets: lists.offsets,
            rows: lists.rows,
            scores: lists.scores,
            counters: counters
        )
    }
}

/// What sinks have kept, list after list, with the scores that a result has.
private struct RankedLists {
    private let metric: Metric
    private(set) var offsets = [0]
    private(set) var rows: [Int] = []
    private(set) var scores: [Float] = []

    init(metric: Metric) { self.metric = metric }

    mutating func reserve(queries: Int, k: Int) {
        offsets.reserveCapacity(queries + 1)
        rows.reserveCapacity(queries * k)
        scores.reserveCapacity(queries * k)
    }

    mutating func append(_ ranked: [(row: Int, score: Float)]) {
        for neighbor in ranked {
            rows.append(neighbor.row)
            scores.append(metric.reported(neighbor.score))
        }
        offsets.append(rows.count)
    }
}
