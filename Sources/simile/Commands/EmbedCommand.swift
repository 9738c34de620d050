// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityJobs
internal import TextEncoder
internal import VectorFiles

/// `simile embed --input F --output V`
struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Make vectors of texts.",
        discussion: """
            Without --output each text becomes a line {"row":0,"embedding":[...]} on standard output. If the input has ids, \
            v.npy.ids.jsonl is written beside v.npy. A record, v.npy.run.json, says what the vectors were made of: commands that are given \
            texts with --vectors refuse those of other texts.
            """
    )

    @Option(help: "Texts: .txt, .jsonl, .csv or .parquet.") var input: String
    @Option(help: "Vectors: .npy, .parquet, .fbin or another format of vectors.") var output: String?
    @Option(help: "Form of standard output: jsonl. (default: jsonl)") var format: OutputFormat?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func run() async throws {
        if let format, format != .jsonl {
            throw CommandFailure.usage("--format \(format.rawValue) is not for this command; expected jsonl")
        }
        input = try inputs.resolved(input)
        if output == "-" { output = nil }
        guard try inputs.kind(of: input) == .texts else {
            throw CommandFailure.usage(
                "\(input) holds vectors already; embed reads texts (.txt, .jsonl, .csv, .parquet); --text-field names a field of texts"
            )
        }
        var writer: VectorFileWriter?
        let result = try ResultRun(running, writes: [.vectors("--output", output)], reads: [input])
        if let output {
            writer = try VectorFileWriter(path: output, registeredIn: Interruption.temporaryFiles)
        }
        #if ModelHub
        if let vectorizer = inputs.vectorizer(running) as? HubVectorizer {
            return try await embed(vectorizer, writer, result)
        }
        #endif
        let reader = try InputReader(inputs, running, for: [(input, nil)])
        let file = try reader.readTexts(input)
        let all = try await reader.embed(file.texts, ids: file.ids, from: (input, file.lines))
        // The others have been refused by now, or are to be left out.
        let rows = running.skipInvalid ? all.validRows() : Array(file.texts.indices)
        let vectors = rows.count == all.rowCount ? all : all.selecting(rows)
        let lines = rows.map { file.lines[$0] }
        if let writer {
            try writer.write(
                vectors,
                sourceLines: running.skipInvalid ? lines : nil,
                check: Interruption.flag.check
            )
            tell(count: rows.count, dimension: vectors.dimension, result)
            var texts = TextsChecksum()
            for row in rows { texts.update(file.texts[row]) }
            try record(result, rows: file.texts.count, left: rows.count, vectors.dimension, texts)
        } else {
            let out = BufferedOutput()
            for (i, row) in rows.enumerated() {
                if i % 256 == 0 { try Interruption.flag.check() }
                try out.write(EmbeddingLine.json(row: row, id: vectors.ids?[i], vector: vectors[i]))
            }
            try out.flush()
        }
    }

    private func tell(count: Int, dimension: Int, _ result: ResultRun, more: String = "") {
        guard let output else { return }
        let seconds = result.seconds
        running.tell(
            "\(count) texts, \(dimension) dimensions -> \(output) "
                + "(\(Quantity.seconds(seconds)), \(Quantity.short(Double(count) / seconds)) texts/s\(more))"
        )
    }

    /// Says beside the vectors what they were made of, so that they are not taken for those of other texts.
    ///
    /// - Parameter texts: Nil where it is not known which texts have vectors.
    private func record(
        _ result: ResultRun,
        rows: Int,
        left: Int,
        _ dimension: Int,
        _ texts: TextsChecksum?
    ) throws {
        let source = try RunRecord.Input(
            role: "input",
            path: InputSpool.named(input),
            file: input,
            rows: rows,
            skippedRows: rows - left
        )
        result.record(
            output,
            [
                ("model", .text(try inputs.modelName)), ("rows", .count(left)),
                ("dimension", .count(dimension)),
            ] + (inputs.prompt.map { [("prompt", .text($0))] } ?? []) + (texts.map { [$0.fact] } ?? []),
            inputs: [source],
            isBound: true
        )
    }

    #if ModelHub
    /// The same with a model of the hub, text by text: a first pass looks for what is wrong before anything is paid for.
    private func embed(_ vectorizer: HubVectorizer, _ writer: VectorFileWriter?, _ result: ResultRun) async throws {
        var fields = try inputs.fields(of: input)
        fields.takesUnreadableForBlank = running.skipInvalid
        var reader = try TextFileReader(input, fields: fields)
        var count = 0
        var texts = TextsChecksum()
        var blank: (count: Int, lines: [Int]) = (0, [])
        while let row = try reader.next() {
            if count % 1024 == 0 { try Interruption.flag.check() }
            count += 1
            guard row.text.isBlank else {
                texts.update(row.text)
                continue
            }
            blank.count += 1
            if blank.lines.count < 10 { blank.lines.append(row.line) }
        }
        try InputReader(inputs, running, for: [(input, nil)]).examineBlankTexts(
            input,
            count: blank.count,
            lines: blank.lines
        )
        let work = HubEmbedding(
            input: input,
            fields: fields,
            prompt: inputs.prompt ?? "",
            vectorizer: vectorizer,
            running: running,
            writer: writer,
            fallbackDimension: inputs.hub.dimensions ?? 1
        )
        let report = try await work.run(total: count - blank.count)
        let more = report.progress.summary
        tell(count: report.textCount, dimension: report.dimension, result, more: more.isEmpty ? "" : "; \(more)")
        let isWhole = report.textCount == count - blank.count
        try record(result, rows: count, left: report.textCount, report.dimension, isWhole ? texts : nil)
    }
    #endif
}
