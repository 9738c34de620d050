// SPDX-License-Identifier: Apache-2.0

public import Similarity
import SimilarityKernels
import Synchronization
import System
import TransformerKernels

extension SentenceEncoder {
    /// The vectors of texts, one row a text, in their order.
    ///
    /// Texts with the same tokens are encoded once and get the same vector. The same texts give the same bytes on one
    /// machine with one BLAS, whatever the number of workers: what is computed together depends on the texts alone.
    /// Among other texts a vector may differ in its last bits.
    ///
    /// An empty or blank text gets the vector of the special tokens alone, as in the reference, and so does one of which
    /// nothing is left after normalization; the end of a text that is too long has no influence. Which texts these are is told
    /// by ``encoding(of:workers:cancellation:progress:)``. No texts give a matrix of no rows.
    ///
    /// With the trait `OpenBLAS`, put it to one thread (`BLAS.useOneThread()`): each worker calls it for itself.
    ///
    /// - Parameters:
    ///   - texts: n texts of any length; see ``maxTokenCount``.
    ///   - workers: how many threads may tokenize and encode; a batch is the work of one.
    ///   - cancellation: looked at between batches.
    ///   - progress: called after each batch, by one worker at a time, with numbers that only grow.
    /// - Returns: a matrix of n rows and ``dimension`` columns.
    /// - Throws: `CancellationError` after a cancellation; ``ModelError`` if the model gives a vector with a NaN or an
    ///   infinity.
    /// - Complexity: for l layers of width h and inner width i, and T tokens in distinct texts of lengths L,
    ///   `l * (T * (4 h^2 + 2 h i) + 2 h * sum of L^2)` multiply-adds: 11 million a token for all-MiniLM-L6-v2. Memory:
    ///   the vectors, twice for a moment, the tokens, and for each worker `4 * (6 t h + 240 i + L^2 + L h)` bytes
    ///   at most, where t is the larger of 960 and the longest L: 12 MB for all-MiniLM-L6-v2.
    public func encode(
        _ texts: [String],
        workers: Workers = .available,
        cancellation: CancellationFlag? = nil,
        progress: (@Sendable (EncodingProgress) -> Void)? = nil
    ) throws -> VectorMatrix {
        try encoding(of: texts, workers: workers, cancellation: cancellation, progress: progress).vectors
    }

    /// The vectors of texts, and which of them the model does not see whole, or not at all; otherwise as
    /// ``encode(_:workers:cancellation:progress:)``.
    public func encoding(
        of texts: [String],
        workers: Workers = .available,
        cancellation: CancellationFlag? = nil,
        progress: (@Sendable (EncodingProgress) -> Void)? = nil
    ) throws -> TextEncoding {
        if case .average(let model, let scalesToUnitLength) = architecture {
            return try averages(of: texts, model, scalesToUnitLength, workers, cancellation, progress)
        }
        let read = try tokenize(texts, workers: workers, cancellation: cancellation)
        let tokens = DistinctTokens(read.map(\.ids))
        let plan = BatchPlan(tokenCounts: tokens.sequences.map(\.count))
        let state = Mutex(
            EncodingProgress(
                totalTextCount: tokens.sequences.count,
                totalTokenCount: tokens.sequences.reduce(0) { $0 + $1.count }
            )
        )
        let results = try concurrentMap(count: plan.batches.count, workers: workers.count) { index in
            try checkCancellation(cancellation)
            let batch = plan.batches[index]
            let vectors = try encode(batch: batch, of: tokens)
            if let progress {
                state.withLock { state in
                    state.completedTextCount += batch.count
                    state.completedTokenCount += batch.reduce(0) { $0 + tokens.sequences[$1].count }
                    progress(state)
                }
            }
            return vectors
        }
        let specialCount = tokenizer.prefix.count + tokenizer.suffix.count
        return TextEncoding(
            vectors: matrix(of: results, plan: plan, rows: tokens.rows),
            cutTexts: read.indices.filter { read[$0].isCut },
            emptyTexts: read.indices.filter { read[$0].ids.count == specialCount }
        )
    }

    private func tokenize(
        _ texts: [String],
        workers: Workers,
        cancellation: CancellationFlag?
    ) throws -> [(ids: [Int32], isCut: Bool)] {
        let chunk = 256
        let chunks = try concurrentMap(count: (texts.count + chunk - 1) / chunk, workers: workers.count) { index in
            try checkCancellation(cancellation)
            return texts[index * chunk..<min((index + 1) * chunk, texts.count)].map { tokens(of: $0) }
        }
        return Array(chunks.joined())
    }

    /// The flag works on every worker; the task's own cancellation is seen by the one on the calling thread, and ends
    /// all.
    func checkCancellation(_ flag: CancellationFlag?) throws {
        if flag?.isCancelled == true || Task.isCancelled { throw CancellationError() }
    }

    private func encode(batch: [Int], of tokens: DistinctTokens) throws -> [Float] {
        guard case .transformer(let model, let pooling) = architecture else { preconditionFailure("no transformer") }
        var ids: [Int32] = []
        var starts = [0]
        for sequence in batch {
            ids += tokens.sequences[sequence]
            starts.append(ids.count)
        }
        let pooled = model.vectors(ids: ids, starts: starts, pooling: pooling.pooling)
        let vectors = pooling.finish(pooled, rows: batch.count, hiddenSize: model.shape.hiddenSize, model.gemm)
        if let bad = vectors.firstIndex(where: { !$0.isFinite }) {
            let text = tokens.firstText[batch[bad / dimension]]
            throw ModelError(file: weightsFile, "gives text \(text) (counted from 0) a vector that is not finite")
        }
        return vectors
    }

    /// Puts the vectors of the batches into the order of the texts.
    private func matrix(of results: [[Float]], plan: BatchPlan, rows: [Int]) -> VectorMatrix {
        var place = Array(repeating: (batch: 0, offset: 0), count: plan.batches.reduce(0) { $0 + $1.count })
        for (number, batch) in plan.batches.enumerated() {
            for (row, sequence) in batch.enumerated() { place[sequence] = (number, row * dimension) }
        }
        let values = SharedBytes(floatCount: rows.count * dimension) { values in
            for (row, sequence) in rows.enumerated() {
                let (batch, offset) = place[sequence]
                for column in 0..<dimension { values[row * dimension + column] = results[batch][offset + column] }
            }
        }
        return matrix(values, rowCount: rows.count)
    }

    /// A matrix of vectors that are one after the other.
    func matrix(_ values: SharedBytes, rowCount: Int) -> VectorMatrix {
        let storage = RowStorage(
            bytes: values,
            elementType: .float32,
            rowCount: rowCount,
            dimension: dimension,
            byteOffset: 0,
            rowByteStride: 4 * dimension
        )
        guard let storage else { preconditionFailure("the block has been sized for these rows") }
        return VectorMatrix(storage: storage)
    }
}
