// SPDX-License-Identifier: Apache-2.0

package import Similarity

/// A corpus that requests search in, those that arrive together in one search.
package final class ServedCorpus: Sendable {
    /// What requests call it.
    package let name: String
    let corpus: Corpus
    let metric: Metric
    /// The model that its vectors are of; nil if that is not known.
    let model: String?
    /// What its rows say, where they are texts.
    let texts: [String]?
    private let queue: BatchQueue<Query, [Neighbor]>

    /// A vector whose neighbors are wanted.
    private struct Query: Sendable {
        let vector: [Float]
        let k: Int
    }

    /// - Parameters:
    ///   - metric: How rows are compared; that of a prepared corpus.
    ///   - waitingLimit: Queries that may wait.
    package init(
        name: String,
        corpus: Corpus,
        metric: Metric,
        model: String?,
        texts: [String]?,
        waitingLimit: Int,
        workers: Workers
    ) {
        self.name = name
        self.corpus = corpus
        self.metric = metric
        self.model = model
        self.texts = texts
        queue = BatchQueue(limit: waitingLimit, roundLimit: 1024, share: 256) { queries in
            // The best k of more than k are the best k.
            let found = try corpus.nearest(
                to: VectorMatrix(rows: queries.map(\.vector)),
                k: queries.reduce(0) { max($0, $1.k) },
                metric: metric,
                options: RunOptions(workers: workers, invalidRows: .skip)
            )
            return zip(queries, found).map { query, neighbors in Array(neighbors.prefix(query.k)) }
        }
    }

    /// Queries that wait or are worked on.
    var waitingCount: Int { queue.itemCount }

    /// The nearest rows of each vector.
    ///
    /// - Throws: ``ServiceError``.
    func nearest(to vectors: [[Float]], k: Int, within time: Duration) throws -> [[Neighbor]] {
        for (place, vector) in vectors.enumerated() {
            guard vector.count == corpus.vectors.dimension else {
                throw ServiceError.invalid(
                    "vector \(place) has \(vector.count) components; expected \(corpus.vectors.dimension), as '\(name)' has"
                )
            }
            let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            guard norm <= RowStatistics.normLimit else {
                throw ServiceError.invalid("vector \(place): expected finite components and a norm of at most 1e19")
            }
        }
        return try queue.outputs(of: vectors.map { Query(vector: $0, k: k) }, within: time)
    }

    func stop() { queue.stop() }
}
