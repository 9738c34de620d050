// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How well vectors find what is known to answer queries. Each number is a mean over the queries that have an answer, from 0 to 1.
public struct RetrievalQuality: Sendable, Hashable {
    /// Neighbors that were looked at.
    public let k: Int
    /// Queries with an answer; the others are left out.
    public let queryCount: Int
    /// The share of queries whose nearest row is an answer.
    public let precisionAtOne: Double
    /// The share of a query's answers that are among its `k` nearest rows.
    public let recall: Double
    /// One over the rank of the first answer among the `k` nearest rows, 0 if there is none (MRR@k).
    public let reciprocalRank: Double
    /// The discounted gain of the answers among the `k` nearest rows, `grade / log2(rank + 1)` each, over the best that there can be (nDCG@k; Järvelin and
    /// Kekäläinen, 2002, with the grade itself as the gain, as trec_eval has it).
    public let normalizedGain: Double
    /// How likely an answer is nearer than a row that is none, over all rows; a tie counts half. 1 for a query that every row answers.
    public let areaUnderCurve: Double
}

/// A row that answers a query, and how well. A literal is a row of grade 1.
public struct RelevantRow: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// The number of the row.
    public let row: Int
    /// Positive and finite; 1 where answers are not graded.
    public let grade: Float

    /// A row with its grade.
    ///
    /// - Precondition: `grade` is positive and finite.
    public init(row: Int, grade: Float = 1) {
        precondition(grade > 0 && grade.isFinite, "the grade is \(grade)")
        self.row = row
        self.grade = grade
    }

    /// A row of grade 1.
    public init(integerLiteral row: Int) { self.init(row: row) }
}

extension VectorMatrix {
    /// How well the vectors of this corpus and of queries find the rows that are known to answer them.
    ///
    /// - Parameters:
    ///   - queries: One vector a row, of the dimension of the corpus.
    ///   - answers: The rows that answer each query, each once; none for a query that is not to count. Grades matter to
    ///     ``RetrievalQuality/normalizedGain`` alone.
    ///   - k: How many neighbors are looked at.
    ///   - metric: How vectors are compared.
    ///   - options: Workers, cancellation; engine of the search.
    /// - Complexity: a search and a matrix of all scores, of which a slice of at most 64 MiB is held at a time.
    /// - Accuracy: all but ``RetrievalQuality/areaUnderCurve`` are made of exact neighbors and are the same on every machine; that one is made of a
    ///   product of matrices, in single precision.
    /// - Returns: nil if no query has an answer.
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: `k >= 1`; a list of answers for each query, all of them rows.
    public func retrievalQuality(
        of queries: VectorMatrix,
        answers: [[RelevantRow]],
        k: Int = 10,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> RetrievalQuality? {
        try retrievalQuality(
            of: queries,
            answers: answers,
            k: k,
            metric: metric,
            excludingSelf: false,
            options: options
        )
    }

    /// How well the vectors of this corpus find each other: ``retrievalQuality(of:answers:k:metric:options:)`` of its own rows, none of which finds itself.
    public func selfRetrievalQuality(
        answers: [[RelevantRow]],
        k: Int = 10,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> RetrievalQuality? {
        try retrievalQuality(of: self, answers: answers, k: k, metric: metric, excludingSelf: true, options: options)
    }

    /// Both of these.
    ///
    /// - Parameter excludingSelf: Leaves out the row with the query's own number; `queries` has then as many rows as this corpus.
    package func retrievalQuality(
        of queries: VectorMatrix,
        answers: [[RelevantRow]],
        k: Int = 10,
        metric: Metric = .cosine,
        excludingSelf: Bool,
        options: RunOptions = RunOptions()
    ) throws -> RetrievalQuality? {
        precondition(k >= 1, "k is \(k)")
        precondition(answers.count == queries.rowCount, "answers of \(answers.count) of \(queries.rowCount) queries")
        precondition(answers.allSatisfy { $0.allSatisfy { (0..<rowCount).contains($0.row) } }, "an answer is no row")
        let asked = answers.indices.filter { !answers[$0].isEmpty }
        if asked.isEmpty { return nil }
        let found = try nearest(to: queries, k: k, metric: metric, excludingSelf: excludingSelf, options: options)
        var (first, recall, reciprocal, gain) = (0.0, 0.0, 0.0, 0.0)
        for query in asked {
            let wanted = Dictionary(answers[query].map { ($0.row, Double($0.grade)) }) { max($0, $1) }
            let range = found.offsets[query]..<found.offsets[query + 1]
            let grades = range.map { wanted[found.rows[$0]] ?? 0 }
            let hits = grades.indices.filter { grades[$0] > 0 }
            if hits.first == 0 { first += 1 }
            recall += Double(hits.count) / Double(wanted.count)
            if let best = hits.first { reciprocal += 1 / Double(best + 1) }
            gain += Self.gain(of: grades[...]) / Self.gain(of: wanted.values.sorted(by: >).prefix(k))
        }
        let count = Double(asked.count)
        return RetrievalQuality(
            k: k,
            queryCount: asked.count,
            precisionAtOne: first / count,
            recall: recall / count,
            reciprocalRank: reciprocal / count,
            normalizedGain: gain / count,
            areaUnderCurve: try meanAreaUnderCurve(
                of: queries,
                asked,
                answers,
                metric: metric,
                excludingSelf: excludingSelf,
                options: options
            )
        )
    }

    /// The discounted gain of grades, the best rank first.
    private static func gain(of grades: ArraySlice<Double>) -> Double {
        grades.enumerated().reduce(0.0) { $0 + $1.element / log2(Double($1.offset + 2)) }
    }

    /// The share of scores that are above another one; equal ones count half.
    private static func share(of scores: [Float], above score: Float) -> Double {
        var points = 0.0
        for other in scores { points += other > score ? 1 : other == score ? 0.5 : 0 }
        return points / Double(max(scores.count, 1))
    }

    private func meanAreaUnderCurve(
        of queries: VectorMatrix,
        _ asked: [Int],
        _ answers: [[RelevantRow]],
        metric: Metric,
        excludingSelf: Bool,
        options: RunOptions
    ) throws -> Double {
        let options = options.quiet
        let step = max(1, (1 << 24) / max(rowCount, 1))
        var sum = 0.0
        for start in stride(from: 0, to: asked.count, by: step) {
            let some = asked[start..<min(start + step, asked.count)]
            let scores = try queries.selecting(Array(some)).similarityMatrix(
                with: self,
                metric: metric,
                options: options
            )
            for (place, query) in some.enumerated() {
                let wanted = Set(answers[query].map(\.row))
                // Of no use where the query is its own answer and is left out.
                let best = wanted.filter { !(excludingSelf && $0 == query) }.map {
                    metric.score(reported: scores[place, $0])
                }
                var (above, count) = (0.0, 0)
                for column in 0..<rowCount where !wanted.contains(column) && !(excludingSelf && column == query) {
                    above += Self.share(of: best, above: metric.score(reported: scores[place, column]))
                    count += 1
                }
                sum += count == 0 || best.isEmpty ? 1 : above / Double(count)
            }
        }
        return sum / Double(asked.count)
    }

    /// The score of each row with the row of the same number of another matrix, as people call it: the verdict that search and join give.
    ///
    /// - Returns: A cosine, dot product or distance a row; a zero row has the cosine 0 with everything.
    /// - Complexity: n d multiply-adds, on the calling thread.
    /// - Throws: ``SimilarityError`` if the dimensions differ or rows are invalid, `CancellationError` if cancelled.
    /// - Precondition: as many rows as this one.
    public func scores(
        ofPairsWith other: VectorMatrix,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> [Float] {
        precondition(rowCount == other.rowCount, "pairs of \(rowCount) and \(other.rowCount) rows")
        guard dimension == other.dimension else {
            throw SimilarityError.dimensionMismatch(queries: dimension, corpus: other.dimension)
        }
        try InvalidRowCheck.reject(storage, other.storage, options: options)
        var a = RowTile()
        var b = RowTile()
        return try (0..<rowCount).map { row in
            if row % 1024 == 0 { try options.checkCancellation() }
            a.load(row..<row + 1, of: storage, level: options.level)
            b.load(row..<row + 1, of: other.storage, level: options.level)
            if metric.excludes(norm: a.norm(at: 0)) || metric.excludes(norm: b.norm(at: 0)) { return 0 }
            return metric.reported(metric.verdict(a, 0, b, 0, level: options.level))
        }
    }
}
