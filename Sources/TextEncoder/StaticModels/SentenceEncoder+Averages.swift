// SPDX-License-Identifier: Apache-2.0

import Similarity
import SimilarityKernels
import Synchronization
import System
import TransformerKernels

extension SentenceEncoder {
    /// Texts that a worker takes at a time.
    private static let chunk = 256

    /// The vectors of texts by a static model: tokens are read and their vectors summed text by text, so nothing is held but the result.
    func averages(
        of texts: [String],
        _ model: StaticModel,
        _ scalesToUnitLength: Bool,
        _ options: RunOptions
    ) throws -> TextEncoding {
        let width = dimension
        let chunkCount = (texts.count + Self.chunk - 1) / Self.chunk
        let progress = ProgressReporter(options.progress, total: texts.count, unit: .texts)
        let parts = try concurrentMap(count: chunkCount, workers: options.workers.count) { index in
            try options.checkCancellation()
            let rows = index * Self.chunk..<min((index + 1) * Self.chunk, texts.count)
            var part = Part(values: Array(repeating: 0, count: rows.count * width))
            for row in rows {
                let (ids, isCut) = model.tokens(of: texts[row], by: tokenizer)
                if isCut { part.cut.append(row) }
                if ids.isEmpty { part.empty.append(row) }
                part.tokenCounts.append(ids.count)
                model.table.average(ids.span, into: &part.values, at: (row - rows.lowerBound) * width)
            }
            if let bad = part.values.firstIndex(where: { !$0.isFinite }) {
                throw ModelError(
                    file: weightsFile,
                    "gives text \(rows.lowerBound + bad / width) (counted from 0) a vector that is not finite"
                )
            }
            if scalesToUnitLength { Transformer.scaleToUnitLength(&part.values, rows: rows.count, width: width) }
            progress?.advance(by: rows.count)
            return part
        }
        let values = SharedBytes(floatCount: texts.count * width) { values in
            var place = 0
            for part in parts {
                for value in part.values {
                    values[place] = value
                    place += 1
                }
            }
        }
        return TextEncoding(
            vectors: matrix(values, rowCount: texts.count),
            cutTexts: parts.flatMap(\.cut),
            emptyTexts: parts.flatMap(\.empty),
            tokenCounts: parts.flatMap(\.tokenCounts)
        )
    }

    /// What a worker finds of a chunk.
    private struct Part {
        var values: [Float]
        var cut: [Int] = []
        var empty: [Int] = []
        var tokenCounts: [Int] = []
    }
}
