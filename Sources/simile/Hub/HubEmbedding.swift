// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import ModelHub
internal import Similarity
internal import VectorFiles

/// `simile embed` with a model of the hub: texts are read, and vectors written, as they come, so that memory does not grow with
/// the file.
struct HubEmbedding {
    let input: String
    let fields: TextFile.Fields
    let prompt: String
    let vectorizer: HubVectorizer
    let running: RunningOptions
    let writer: VectorFileWriter?
    /// What an empty matrix has, where no vector can tell.
    let fallbackDimension: Int

    /// What was done.
    struct Report {
        var dimension = 0
        var textCount = 0
        var usage = HubUsage()
    }

    /// - Parameter total: Texts in the file that are not blank.
    func run(total: Int) async throws -> Report {
        let stream = try TextStream(input, fields: fields, prompt: prompt, expectedCount: total)
        let bar = running.progress("embedding", total: Double(total), unit: "texts")
        defer { bar.finish() }
        let batches = try await vectorizer.batches(of: stream) { bar.update($0) }
        let out = BufferedOutput()
        var report = Report()
        var refused = RefusedLines()
        for try await batch in batches {
            report.usage = batch.usage
            for text in batch.refused { refused.add(stream.takeOrigin(text.row)?.line ?? 0, text.error.message) }
            if batch.rows.isEmpty { continue }
            let origins = batch.rows.compactMap { stream.takeOrigin($0) }
            if let writer {
                if report.dimension == 0 { writer.begin(rows: total, dimension: batch.vectors.dimension) }
                let ids = origins.compactMap(\.id)
                try writer.append(
                    batch.vectors.withIDs(ids.isEmpty ? nil : ids),
                    sourceLines: running.skipInvalid ? origins.map(\.line) : nil,
                    check: Interruption.flag.check
                )
            } else {
                try print(batch.vectors, origins, to: out)
            }
            report.dimension = batch.vectors.dimension
            report.textCount += batch.rows.count
        }
        bar.finish()
        try refused.settle(input, running)
        if let writer {
            if report.dimension == 0 {
                report.dimension = fallbackDimension
                writer.begin(rows: 0, dimension: fallbackDimension)
            }
            try writer.finish(check: Interruption.flag.check)
        }
        try out.flush()
        return report
    }

    private func print(_ vectors: VectorMatrix, _ origins: [TextStream.Origin], to out: BufferedOutput) throws {
        for (i, origin) in origins.enumerated() {
            try out.write(EmbeddingLine.json(row: origin.row, id: origin.id, vector: vectors[i]))
        }
    }
}
#endif
