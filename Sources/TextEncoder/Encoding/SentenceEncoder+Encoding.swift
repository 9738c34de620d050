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
    /// beside the vectors. No texts give a matrix of no rows.
    ///
    /// - Parameters:
    ///   - texts: n texts of any length; see ``maxTokenCount``.
    ///   - options: Workers, of whom each tokenizes and encodes a batch at a time; cancellation and progress, between batches. Engine, plan and limits
    ///     are of no concern.
    /// - Returns: a matrix of n rows and ``dimension`` columns, and what the model does not see of the texts.
    /// - Throws: `CancellationError` after a cancellation; ``ModelError`` if the model gives a vector with a NaN or an
    ///   infinity.
    /// - Complexity: for l layers of width h and inner width i, and T tokens in distinct texts of lengths L,
    ///   `l * (T * (4 h^2 + 2 h i) + 2 h * sum of L^2)` multiply-adds: 11 million a token for all-MiniLM-L6-v2. Memory:
    ///   the vectors, twice for a moment, the tokens, and for each worker `4 * (6 t h + 240 i + L^2 + L h)` bytes
    ///   at most, where t is the larger of 960 and the longest L: 12 MB for all-MiniLM-L6-v2.
    public func encode(_ texts: [String], options: RunOptions = RunOptions()) throws -> TextEncoding {
        if case .average(let model, let scalesToUnitLength) = architecture {
            return try averages(of: texts, model, scalesToUnitLength, options)
        }
        let read = try tokenize(texts, options)
        let tokens = DistinctTokens(read.map(\.ids))
        let plan = BatchPlan(tokenCounts: tokens.sequences.map(\.count))
        let progress = ProgressReporter(
            options.progress,
            total: tokens.sequences.reduce(0) { $0 + $1.count },
            unit: .tokens
        )
        let results = try concurrentMap(count: plan.batches.count, workers: options.workers.count) { index in
            try options.checkCancellation()
            let batch = plan.batches[index]
            let vectors = try encode(batch: batch, of: tokens)
            progress?.advance(by: batch.reduce(0) { $0 + tokens.sequences[$1].count })
            return vectors
        }
        let specialCount = tokenizer.prefix.count + tokenizer.suffix.count
        return TextEncoding(
            vectors: matrix(of: results, plan: plan, rows: tokens.rows),
            cutTexts: read.indices.filter { read[$0].isCut },
            emptyTexts: read.indices.filter { read[$0].ids.count == specialCount },
            tokenCounts: read.map(\.ids.count)
        )
    }

    private func tokenize(
        _ texts: [String],
        _ options: RunOptions
    ) throws -> [(ids: [Int32], isCut: Bool)] {
        let chunk = 256
        let chunks = try concurrentMap(count: (texts.count + chunk - 1) / chunk, workers: options.workers.count) {
            index in
            try options.checkCancellation()
            return texts[index * chunk..<min((index + 1) * chunk, texts.count)].map { tokens(of: $0) }
        }
        return Array(chunks.joined())
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
