// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// Which rows are taken for hard negatives: near a query, and yet not what it asks for.
public struct NegativeMining: Sendable, Equatable {
    /// Which of the rows that qualify are taken.
    public enum Sampling: String, Sendable, CaseIterable {
        /// The nearest.
        case top
        /// Any, drawn by the seed.
        case random
    }

    /// Negatives of each query.
    public var count = 3
    /// Ranks that are looked at, counted from 0 after the positives are left out.
    public var ranks = 0..<100
    /// The lowest score of a negative, as it is reported.
    public var minimumScore: Float?
    /// The highest score of a negative.
    public var maximumScore: Float?
    /// How much worse than its positive a negative is at least.
    public var absoluteMargin: Float?
    /// The share of the positive's score by which a negative is worse at least: 0.05 lets scores of 95 % and less pass. Of a score below zero
    /// the share is of its size: beside -0.4 scores of -0.42 and less pass.
    public var relativeMargin: Float?
    /// Which of those that qualify are taken.
    public var sampling: Sampling = .top
    /// What random draws follow from.
    public var seed: UInt64 = 0

    /// Three of the first hundred.
    public init() {}
}

/// A query with a row that answers it and rows that do not.
public struct MinedNegatives: Sendable, Equatable {
    /// The query.
    public let query: Int
    /// A row that answers it.
    public let positive: Neighbor
    /// Rows that are near it and do not, best first: all have ranks, scores and margins as they were asked for.
    public let negatives: [Neighbor]

    /// A query, a positive and negatives.
    public init(query: Int, positive: Neighbor, negatives: [Neighbor]) {
        self.query = query
        self.positive = positive
        self.negatives = negatives
    }
}

extension VectorMatrix {
    /// Hard negatives for training: of each pair of a query and a positive, rows of this corpus that are near the query and no positive
    /// of it, by the rules of `mine_hard_negatives` of sentence-transformers.
    ///
    /// Margins are against the pair's own positive. A copy of a positive (a row with the same components, or of the same class) is no negative of its query
    /// and has no rank. A pair with fewer negatives than were asked for comes with those that there are, one
    /// with none does not come at all. For ``Metric/euclidean`` scores are distances: margins then say how much farther a negative is.
    ///
    /// - Parameters:
    ///   - queries: One vector a row, of the dimension of the corpus.
    ///   - positives: The rows that answer each query; a query without any is left out.
    ///   - classes: What each row of the corpus says: rows of one class are copies of each other, for instance those of one text. Nil if the
    ///     components alone tell.
    ///   - metric: How vectors are compared.
    ///   - mining: Ranks, scores, margins and how many.
    ///   - options: Engine, workers, cancellation.
    /// - Returns: a value a pair, by queries and then in the order of their positives.
    /// - Complexity: a search for as many neighbors as the last rank; for queries with many positives or copies deeper ones, of these alone.
    /// - Throws: ``SimilarityError`` if the dimensions differ, rows are invalid or an option cannot be (fewer than one negative, a negative rank or relative
    ///   margin), `CancellationError` if cancelled.
    /// - Precondition: a list of positives for each query, each a row of the corpus; a class for each row of the corpus.
    public func hardNegatives(
        for queries: VectorMatrix,
        positives: [[Int]],
        classes: [Int]? = nil,
        metric: Metric = .cosine,
        mining: NegativeMining = NegativeMining(),
        options: RunOptions = RunOptions()
    ) throws -> [MinedNegatives] {
        precondition(positives.count == queries.rowCount, "\(positives.count) lists for \(queries.rowCount) queries")
        precondition(positives.allSatisfy { $0.allSatisfy { 0..<rowCount ~= $0 } }, "positives are rows of the corpus")
        precondition(classes.map { $0.count == rowCount } ?? true, "a class for each row of the corpus")
        try SimilarityError.require(mining.count >= 1, "\(mining.count) negatives; expected at least 1")
        try SimilarityError.require(mining.ranks.lowerBound >= 0, "ranks \(mining.ranks); expected none below 0")
        try SimilarityError.require(
            mining.relativeMargin.map { $0 >= 0 } ?? true,
            "a relative margin of \(mining.relativeMargin ?? 0); expected none below 0"
        )
        // Queries are looked up in parts: invalid rows are to be named by their own numbers.
        if options.invalidRows == .reject { try InvalidRowCheck.reject(queries.storage, storage, options: options) }
        let scores = try positiveScores(queries, positives, metric: metric, options: options)
        let windows = try windows(queries, positives, scores, classes, metric: metric, mining: mining, options: options)
        var generator = SeededGenerator(seed: mining.seed)
        var mined: [MinedNegatives] = []
        for query in 0..<queries.rowCount {
            for (place, positive) in positives[query].enumerated() {
                guard let score = scores[query][place] else { continue }
                let fitting = windows[query].filter { mining.accepts($0.score, beside: score, metric) }
                let chosen: [Neighbor]
                switch mining.sampling {
                case .top: chosen = Array(fitting.prefix(mining.count))
                case .random:
                    let places = generator.sample(min(mining.count, fitting.count), below: fitting.count)
                    chosen = places.map { fitting[$0] }
                }
                if chosen.isEmpty { continue }
                mined.append(
                    MinedNegatives(query: query, positive: Neighbor(row: positive, score: score), negatives: chosen)
                )
            }
        }
        return mined
    }

    /// The neighbors of each query that have the ranks that are looked at, positives and their copies left out.
    private func windows(
        _ queries: VectorMatrix,
        _ positives: [[Int]],
        _ scores: [[Float?]],
        _ classes: [Int]?,
        metric: Metric,
        mining: NegativeMining,
        options: RunOptions
    ) throws -> [[Neighbor]] {
        let last = min(mining.ranks.upperBound, rowCount)
        let ranks = min(mining.ranks.lowerBound, last)..<last
        var windows = [[Neighbor]](repeating: [], count: queries.rowCount)
        // Most queries have few positives. Those that have more, or many copies, are searched for deeper, alone.
        var depth = min(last + 16, rowCount)
        var pending = positives.indices.filter { !positives[$0].isEmpty }
        var options = options
        while !pending.isEmpty {
            let now = pending.filter { positives[$0].count <= depth - last || depth == rowCount }
            let isAll = now.count == queries.rowCount
            let found = try nearest(
                to: isAll ? queries : queries.selecting(now),
                k: depth,
                metric: metric,
                options: options
            )
            var done: Set<Int> = []
            for (place, query) in now.enumerated() {
                let own = Set(positives[query])
                let ownClasses = classes.map { classes in Set(own.map { classes[$0] }) }
                // A copy has the score of what it is a copy of.
                let byScore = Dictionary(grouping: positives[query].indices) { scores[query][$0]?.bitPattern }
                let others = found[place].filter { neighbor in
                    if own.contains(neighbor.row) { return false }
                    if let classes, let ownClasses, ownClasses.contains(classes[neighbor.row]) { return false }
                    let alike = byScore[neighbor.score.bitPattern] ?? []
                    return !alike.contains { isCopy(neighbor.row, of: positives[query][$0]) }
                }
                // Fewer neighbors than were asked for are all that there are.
                guard others.count >= last || found[place].count < depth || depth == rowCount else { continue }
                windows[query] = Array(others.prefix(last).dropFirst(ranks.lowerBound))
                done.insert(query)
            }
            pending.removeAll { done.contains($0) }
            depth = depth > rowCount / 2 ? rowCount : 2 * depth
            options = options.quiet
        }
        return windows
    }

    /// Whether two rows have the same components.
    private func isCopy(_ row: Int, of other: Int) -> Bool { storage.row(row) == storage.row(other) }

    /// The score of each query with each of its positives; nil where there is none.
    private func positiveScores(
        _ queries: VectorMatrix,
        _ positives: [[Int]],
        metric: Metric,
        options: RunOptions
    ) throws -> [[Float?]] {
        var quiet = options.quiet
        quiet.engine = .reference
        return try positives.enumerated().map { query, rows in
            if rows.isEmpty { return [] }
            let found = try selecting(rows).nearest(
                to: queries[query..<query + 1],
                k: rows.count,
                metric: metric,
                options: quiet
            )
            var scores = [Float?](repeating: nil, count: rows.count)
            for neighbor in found[0] { scores[neighbor.row] = neighbor.score }
            return scores
        }
    }
}

extension NegativeMining {
    /// Whether a row with this score qualifies beside a positive with that one.
    fileprivate func accepts(_ score: Float, beside positive: Float, _ metric: Metric) -> Bool {
        let (value, answer) = (score, positive)
        if let minimumScore, value < minimumScore { return false }
        if let maximumScore, value > maximumScore { return false }
        let isDistance = metric == .euclidean
        if let absoluteMargin {
            if isDistance ? value < answer + absoluteMargin : value > answer - absoluteMargin { return false }
        }
        if let relativeMargin {
            let limit = isDistance ? answer * (1 + relativeMargin) : answer - abs(answer) * relativeMargin
            if isDistance ? value < limit : value > limit { return false }
        }
        return true
    }
}
