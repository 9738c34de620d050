// SPDX-License-Identifier: Apache-2.0

#if ModelHub
public import Similarity

/// What is done with texts that cannot be embedded: blank ones, and those that the hub refuses, such as too long ones.
public enum TextRefusals: Sendable {
    /// The call throws in the end: blank texts before anything is sent, others when all the rest is embedded (and kept in the
    /// cache, so that it is not paid for again).
    case reject
    /// Their rows are NaN and they are reported.
    case skip
}

/// A text that has no vector, and why.
public struct RefusedText: Sendable {
    /// The row, counted from 0.
    public let row: Int
    /// The reason; for a blank text there is no status.
    public let error: HubError
}

/// The vectors of texts: row `i` is that of text `i`.
public struct HubEmbeddings: Sendable {
    /// One row a text; rows of refused texts are NaN.
    public let vectors: VectorMatrix
    /// Texts without a vector, by row.
    public let refused: [RefusedText]
    /// What it took.
    public let usage: HubUsage
}

/// The vectors of consecutive texts of a stream.
public struct EmbeddingBatch: Sendable {
    /// The rows of the texts that have a vector, counted from 0 over the whole stream, ascending.
    public let rows: [Int]
    /// One row for each of ``rows``.
    public let vectors: VectorMatrix
    /// Texts without a vector, by row.
    public let refused: [RefusedText]
    /// What the run has taken so far.
    public let usage: HubUsage
}

extension ModelHubClient {
    /// The vectors of texts.
    ///
    /// Texts go to the hub as they are. Equal ones are sent once; those in the cache are not sent. Requests hold up to
    /// `textsPerRequest` texts; one that is refused as too large is halved until the culprit stands alone. Each answer is
    /// committed to the cache before it counts as done, so that a call that failed, or was killed, goes on where it stopped when
    /// it is made again. Vectors are as the hub gives them: many models give length 1, but only to the precision they run in.
    ///
    /// - Parameters:
    ///   - texts: Any number of them, of any length that the model takes.
    ///   - model: An id as ``models()`` gives it.
    ///   - dimensions: Components to ask for, if the model can shorten its vectors; nil leaves the key out.
    ///   - refusals: What to do with texts that cannot be embedded.
    ///   - progress: Called from one thread at a time with growing counts of texts, and what the run has cost as a detail.
    /// - Returns: One row a text. For no texts the dimension is 1, or what was asked for.
    /// - Complexity: memory for the vectors and a digest of each text; `texts.count / textsPerRequest` requests.
    /// - Throws: ``HubError``; `CancellationError` when the task is cancelled.
    public func embed(
        _ texts: [String],
        model: String,
        dimensions: Int? = nil,
        refusals: TextRefusals = .reject,
        progress: (@Sendable (RunProgress) -> Void)? = nil
    ) async throws -> HubEmbeddings {
        // Told of all blank texts at once, and before anything is sent.
        let blank = texts.indices.filter { texts[$0].isBlank }
        if refusals == .reject, !blank.isEmpty { throw HubError.blank(rows: blank, model: model) }
        // The row of the first text that is equal to each.
        var firsts: [TextDigest: Int] = [:]
        var distinct: [Int] = []
        let first = try texts.indices.map { row in
            let digest = try TextDigest(texts[row])
            if let first = firsts[digest] { return first }
            firsts[digest] = row
            distinct.append(row)
            return row
        }
        let counters = RunCounters(progress: progress, total: texts.count)
        let run = EmbeddingRun(self, EmbeddingTarget(model: model, dimensions: dimensions), refusals, counters)
        var block: [Float] = []
        var refused: [Int: HubError] = [:]
        var start = 0
        while true {
            while run.wantsTexts {
                let rows = Array(distinct[start..<min(start + run.chunkSize, distinct.count)])
                start += rows.count
                try await run.add(rows.map { texts[$0] }, rows: rows, isLast: start == distinct.count)
            }
            guard let piece = try await run.deliver() else { break }
            for text in piece.refused { refused[text.row] = text.error }
            guard !piece.rows.isEmpty, let dimension = run.dimension else { continue }
            if block.isEmpty { block = [Float](repeating: .nan, count: texts.count * dimension) }
            for (i, row) in piece.rows.enumerated() {
                for j in 0..<dimension { block[row * dimension + j] = piece.values[i * dimension + j] }
            }
        }
        let dimension = run.dimension ?? dimensions ?? 1
        if block.isEmpty { block = [Float](repeating: .nan, count: texts.count * dimension) }
        for row in texts.indices where first[row] != row {
            for j in 0..<dimension { block[row * dimension + j] = block[first[row] * dimension + j] }
        }
        counters.add(texts: texts.count - distinct.count, cached: texts.count - distinct.count)
        return HubEmbeddings(
            vectors: VectorMatrix(rowCount: texts.count, dimension: dimension, values: block),
            refused: texts.indices.compactMap { row in
                refused[first[row]].map { RefusedText(row: row, error: $0.about(row)) }
            },
            usage: counters.usage
        )
    }

    /// The vectors of a stream of texts, in its order and with bounded memory: a few thousand texts and vectors are held at
    /// any time, however many there are.
    ///
    /// As ``embed(_:model:dimensions:refusals:progress:)``, but: a blank text is met when it is read, after earlier texts may
    /// have been sent; texts are read ahead of the batches that are asked for; and equal texts that are far apart are sent
    /// once only if there is a cache.
    public func embeddings<Texts: AsyncSequence & Sendable>(
        of texts: Texts,
        model: String,
        dimensions: Int? = nil,
        refusals: TextRefusals = .reject,
        progress: (@Sendable (RunProgress) -> Void)? = nil
    ) -> EmbeddingBatches<Texts> where Texts.Element == String {
        EmbeddingBatches(
            texts: texts,
            client: self,
            target: EmbeddingTarget(model: model, dimensions: dimensions),
            refusals: refusals,
            progress: progress
        )
    }
}

/// The batches of a stream of texts; see ``ModelHubClient/embeddings(of:model:dimensions:refusals:progress:)``.
///
/// Nothing is sent before the first batch is asked for. An iterator that is dropped cancels what it has under way.
public struct EmbeddingBatches<Texts: AsyncSequence & Sendable>: AsyncSequence, Sendable where Texts.Element == String {
    let texts: Texts
    let client: ModelHubClient
    let target: EmbeddingTarget
    let refusals: TextRefusals
    let progress: (@Sendable (RunProgress) -> Void)?

    /// Begins a run.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            texts: texts.makeAsyncIterator(),
            run: EmbeddingRun(client, target, refusals, RunCounters(progress: progress)),
            target: target
        )
    }

    /// One run over the texts.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var texts: Texts.AsyncIterator
        private let run: EmbeddingRun
        private let target: EmbeddingTarget
        private var row = 0

        init(texts: Texts.AsyncIterator, run: EmbeddingRun, target: EmbeddingTarget) {
            self.texts = texts
            self.run = run
            self.target = target
        }

        /// The next batch; nil after the last one.
        ///
        /// - Throws: ``HubError``, an error of the texts, or `CancellationError`.
        public mutating func next() async throws -> EmbeddingBatch? {
            while run.wantsTexts {
                var chunk: [String] = []
                do {
                    while chunk.count < run.chunkSize, let text = try await texts.next() { chunk.append(text) }
                } catch {
                    await run.abandon()
                    throw error
                }
                let rows = Array(row..<row + chunk.count)
                row += chunk.count
                try await run.add(chunk, rows: rows, isLast: chunk.count < run.chunkSize)
            }
            guard let piece = try await run.deliver() else { return nil }
            return EmbeddingBatch(
                rows: piece.rows,
                vectors: VectorMatrix(
                    rowCount: piece.rows.count,
                    dimension: run.dimension ?? target.dimensions ?? 1,
                    values: piece.values
                ),
                refused: piece.refused,
                usage: run.usage
            )
        }
    }
}

extension HubError {
    /// The same about one row.
    func about(_ row: Int) -> HubError {
        var error = self
        error.rows = [row]
        return error
    }

    static func blank(rows: [Int], model: String) -> HubError {
        var error = HubError(
            .textsRefused,
            rows.count == 1 ? "a text is blank; expected text" : "\(rows.count) texts are blank; expected text"
        )
        error.model = model
        error.rows = rows
        return error
    }
}
#endif
