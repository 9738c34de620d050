// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// What a measurement calls: a corpus as it is, or one that has been prepared outside the clock.
///
/// The one place where benchmarks know of preparation.
struct BenchSubject {
    /// What the preparation took; nil for a corpus as it is, where whatever an engine prepares is inside the clock.
    let prepareSeconds: Double?
    /// Neighbors of queries; the flag leaves out the row with the query's own number.
    let nearest: (_ queries: VectorMatrix, _ k: Int, _ excludingSelf: Bool) throws -> NearestNeighbors
    /// All pairs within the corpus that reach a threshold.
    let selfJoin: (_ threshold: Float) throws -> SelfJoin

    init(_ corpus: VectorMatrix, metric: Metric, isPrepared: Bool, options: RunOptions) throws {
        if isPrepared {
            let start = ContinuousClock.now
            let prepared = try PreparedCorpus(corpus, metric: metric, options: options)
            prepareSeconds = (ContinuousClock.now - start) / .seconds(1)
            nearest = { try prepared.nearest(to: $0, k: $1, excludingSelf: $2, options: options) }
            selfJoin = { try prepared.selfJoin(threshold: $0, options: options) }
            return
        }
        prepareSeconds = nil
        nearest = {
            try corpus.nearest(to: $0, k: $1, metric: metric, excludingSelf: $2, options: options)
        }
        selfJoin = { try corpus.selfJoin(threshold: $0, metric: metric, options: options) }
    }
}
