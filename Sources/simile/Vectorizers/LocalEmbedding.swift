// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import VectorFiles

/// `simile embed` with a model of this machine: texts are read, and vectors written, some at a time, so that memory does not grow with the file.
struct LocalEmbedding {
    let input: String
    let fields: TextFile.Fields
    let vectorizer: LocalVectorizer
    let running: RunningOptions
    let onLong: LongTexts
    let writer: VectorFileWriter?

    /// What was done.
    struct Report {
        var dimension = 0
        var textCount = 0
        /// The texts that have vectors.
        var checksum = TextsChecksum()
    }

    /// Texts that are in memory at a time.
    static let chunk = 65_536

    /// - Parameter total: Texts in the file that are not blank.
    func run(total: Int) async throws -> Report {
        var reader = try TextFileReader(input, fields: fields)
        let bar = running.progress("embedding", total: Double(total), unit: "texts")
        defer { bar.finish() }
        let out = BufferedOutput()
        var report = Report()
        var (refused, long) = (RefusedLines(), LongLines())
        var (row, done) = (0, 0)
        repeat {
            try Interruption.flag.check()
            var part: [(row: Int, text: TextFileReader.Row)] = []
            while part.count < Self.chunk, let text = try reader.next() {
                if !text.text.isBlank { part.append((row, text)) }
                row += 1
            }
            guard done + part.count <= total, !part.isEmpty || done == total else {
                throw CommandFailure.refused(
                    "\(input) has changed while it was read: expected \(total) texts, as there were at first"
                )
            }
            let begun = Double(done)
            let share = Double(part.count)
            let found = try await vectorizer.encoding(of: part.map(\.text.text), as: nil) {
                bar.update((begun + share * ($0.fraction ?? 0)) / Double(max(total, 1)))
            }
            var left = Set<Int>()
            for text in found.refused {
                refused.add(part[text.place].text.line, text.reason)
                left.insert(text.place)
            }
            for place in found.cut { long.add(part[place].text.line) }
            long.tokenLimit = found.tokenLimit
            if !running.skipInvalid {
                // Told before anything of this part is written.
                try refused.settle(input, running)
                if onLong == .refuse { try long.settle(input, onLong, running) }
            }
            if onLong == .refuse { left.formUnion(found.cut) }
            let kept = part.indices.filter { !left.contains($0) }
            let vectors = left.isEmpty ? found.vectors : found.vectors.selecting(kept)
            if done == 0 {
                writer?.begin(rows: total, dimension: vectors.dimension)
                report.dimension = vectors.dimension
            }
            try write(vectors, kept.map { part[$0] }, to: out)
            for place in kept { report.checksum.update(part[place].text.text) }
            report.textCount += kept.count
            done += part.count
        } while done < total
        bar.finish()
        try refused.settle(input, running)
        try long.settle(input, onLong, running)
        try writer?.finish(check: Interruption.flag.check)
        try out.flush()
        return report
    }

    private func write(
        _ vectors: VectorMatrix,
        _ texts: [(row: Int, text: TextFileReader.Row)],
        to out: BufferedOutput
    ) throws {
        guard let writer else {
            for (i, text) in texts.enumerated() {
                if i % 256 == 0 { try Interruption.flag.check() }
                try out.write(EmbeddingLine.json(row: text.row, id: text.text.id, vector: vectors[i]))
            }
            return
        }
        if texts.isEmpty { return }
        let ids = texts.compactMap(\.text.id)
        try writer.append(
            vectors.withIDs(ids.isEmpty ? nil : ids),
            sourceLines: running.skipInvalid ? texts.map(\.text.line) : nil,
            check: Interruption.flag.check
        )
    }
}
