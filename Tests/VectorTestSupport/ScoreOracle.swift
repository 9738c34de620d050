// SPDX-License-Identifier: Apache-2.0

package import Similarity

/// What search and join must return, worked out the slow way: the formula of the verdict, all pairs, a sort, a prefix.
///
/// Shares no code with the package but the names of the metrics.
package struct ScoreOracle {
    package let metric: Metric
    private let queries: [[Float]]
    private let corpus: [[Float]]

    package init(metric: Metric, queries: [[Float]], corpus: [[Float]]) {
        self.metric = metric
        self.queries = queries
        self.corpus = corpus
    }

    /// A row and its score; equal if the row and the *bits* of the score are.
    package struct Entry: Equatable, CustomStringConvertible, Sendable {
        package let row: Int
        package let score: Float
        package init(row: Int, score: Float) {
            self.row = row
            self.score = score
        }
        package static func == (a: Entry, b: Entry) -> Bool {
            a.row == b.row && a.score.bitPattern == b.score.bitPattern
        }
        package var description: String { "\(row):\(score)" }
    }

    /// Eight lanes, then `((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7))`.
    package static func laneSum(_ terms: [Double]) -> Double {
        var l = [Double](repeating: 0, count: 8)
        for (i, term) in terms.enumerated() { l[i % 8] += term }
        return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
    }

    package static func dot(_ a: [Float], _ b: [Float]) -> Double {
        laneSum(zip(a, b).map { Double($0) * Double($1) })
    }

    package static func squaredDistance(_ a: [Float], _ b: [Float]) -> Double {
        laneSum(
            zip(a, b).map { x, y in
                let difference = Double(x) - Double(y)
                return difference * difference
            }
        )
    }

    private static func isZero(_ row: [Float]) -> Bool { row.allSatisfy { $0 == 0 } }

    private static func isInvalid(_ row: [Float]) -> Bool {
        !row.allSatisfy(\.isFinite) || dot(row, row).squareRoot() > 1e19
    }

    /// The canonical score of a pair (minus the distance for Euclidean), or nil if one of the rows has none.
    package func score(_ query: Int, _ row: Int) -> Float? {
        let (q, x) = (queries[query], corpus[row])
        if Self.isInvalid(q) || Self.isInvalid(x) { return nil }
        switch metric {
        case .dot: return Float(Self.dot(q, x))
        case .cosine:
            if Self.isZero(q) || Self.isZero(x) { return nil }
            let norms = Self.dot(q, q).squareRoot() * Self.dot(x, x).squareRoot()
            let cosine = Float(Self.dot(q, x) / norms)
            return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine
        case .euclidean: return 0 - Float(Self.squaredDistance(q, x).squareRoot())
        }
    }

    /// The score that a result has.
    private func reported(_ score: Float) -> Float { metric == .euclidean ? 0 - score : score }

    /// Sort all, take the prefix; ties by the lower row.
    package func nearest(k: Int, excludingSelf: Bool = false) -> [[Entry]] {
        queries.indices.map { query in
            let all = corpus.indices.compactMap { row -> Entry? in
                if excludingSelf, row == query { return nil }
                return score(query, row).map { Entry(row: row, score: $0) }
            }
            let sorted = all.sorted { $0.score == $1.score ? $0.row < $1.row : $0.score > $1.score }
            return sorted.prefix(k).map { Entry(row: $0.row, score: reported($0.score)) }
        }
    }

    /// All pairs that reach the threshold, ordered by query, then row; `triangle` keeps query < row.
    package func join(threshold: Float, triangle: Bool) -> [[Entry]] {
        queries.indices.map { query in
            corpus.indices.compactMap { row in
                if triangle, row <= query { return nil }
                guard let score = score(query, row) else { return nil }
                let value = reported(score)
                let reaches = metric == .euclidean ? value <= threshold : value >= threshold
                return reaches ? Entry(row: row, score: value) : nil
            }
        }
    }
}
