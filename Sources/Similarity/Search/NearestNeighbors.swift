// SPDX-License-Identifier: Apache-2.0

/// One neighbor of a query.
public struct Neighbor: Sendable, Hashable, Comparable {
    /// The row of the corpus.
    public let row: Int
    /// The canonical score: higher is better; minus the distance for ``Metric/euclidean``.
    public let score: Float

    /// A row with its score.
    public init(row: Int, score: Float) {
        self.row = row
        self.score = score
    }

    /// Better first: the higher score, then the lower row.
    public static func < (a: Neighbor, b: Neighbor) -> Bool {
        a.score > b.score || (a.score == b.score && a.row < b.row)
    }
}

/// The nearest neighbors of each query, best first.
///
/// Queries may differ in how many they have: never more than `k` or than the corpus has rows, none for a zero query
/// under ``Metric/cosine``. There are no filler rows.
public struct NearestNeighbors: Sendable {
    /// The metric of the scores.
    public let metric: Metric
    /// The most neighbors a query could have: what was asked for, or as many as the corpus has rows.
    public let k: Int
    /// Where the neighbors of each query begin in ``rows`` and ``scores``; one more than there are queries.
    public let offsets: [Int]
    /// Corpus rows, query after query.
    public let rows: [Int]
    /// Their scores.
    public let scores: [Float]
    /// What the search did.
    public let counters: RunCounters

    /// Queries.
    public var queryCount: Int { offsets.count - 1 }

    /// The neighbors of one query, best first.
    ///
    /// - Precondition: `0 <= query < queryCount`.
    /// - Complexity: makes an array of at most `k` neighbors; read ``rows`` and ``scores`` to avoid that.
    public subscript(query: Int) -> [Neighbor] {
        precondition(query >= 0 && query < queryCount, "query \(query) of \(queryCount)")
        return (offsets[query]..<offsets[query + 1]).map { Neighbor(row: rows[$0], score: scores[$0]) }
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

    init(metric: Metric, k: Int, sinks: [TopKSink], counters: RunCounters) {
        self.k = k
        self.metric = metric
        self.counters = counters
        var offsets = [0]
        var rows: [Int] = []
        var scores: [Float] = []
        for sink in sinks {
            for query in 0..<sink.queryCount {
                for neighbor in sink.ranked(query) {
                    rows.append(neighbor.row)
                    scores.append(neighbor.score)
                }
                offsets.append(rows.count)
            }
        }
        self.offsets = offsets
        self.rows = rows
        self.scores = scores
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
        self.k = k
        self.metric = metric
        self.counters = counters
        var offsets = [0]
        var rows: [Int] = []
        var scores: [Float] = []
        offsets.reserveCapacity(rowCount + 1)
        rows.reserveCapacity(rowCount * min(k, max(rowCount - 1, 0)))
        scores.reserveCapacity(rows.capacity)
        for row in 0..<rowCount {
            if let place = places[row] {
                for neighbor in sinks[Int(place) / blockRows].ranked(Int(place) % blockRows) {
                    rows.append(neighbor.row)
                    scores.append(neighbor.score)
                }
            }
            offsets.append(rows.count)
        }
        self.offsets = offsets
        self.rows = rows
        self.scores = scores
    }
}
