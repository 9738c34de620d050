// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
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
        let reader = try InputReader(inputs, running, for: [(input, nil)])
        var fields = try inputs.fields(of: input)
        fields.takesUnreadableForBlank = running.skipInvalid
        let survey = try survey(fields, reader)
        #if ModelHub
        if let vectorizer = reader.vectorizer as? HubVectorizer {
            return try await embed(vectorizer, fields, survey, writer, result)
        }
        #endif
        guard let vectorizer = reader.vectorizer as? LocalVectorizer else { preconditionFailure("no vectorizer") }
        let work = LocalEmbedding(
            input: input,
            fields: fields,
            vectorizer: vectorizer,
            running: running,
            onLong: inputs.onLong ?? .truncate,
            writer: writer
        )
        let report = try await work.run(total: survey.count - survey.blankCount)
        if output == nil { return }
        tell(count: report.textCount, dimension: report.dimension, result)
        try record(result, rows: survey.count, left: report.textCount, report.dimension, report.checksum)
    }

    /// What a first pass over the texts finds, before anything is computed or paid for.
    private struct Survey {
        var count = 0
        var blankCount = 0
        /// Of those that are not blank.
        var checksum = TextsChecksum()
    }

    private func survey(_ fields: TextFile.Fields, _ inputs: InputReader) throws -> Survey {
        var reader = try TextFileReader(input, fields: fields)
        var survey = Survey()
        var blank: [Int] = []
        while let row = try reader.next() {
            if survey.count % 1024 == 0 { try Interruption.flag.check() }
            survey.count += 1
            guard row.text.isBlank else {
                survey.checksum.update(row.text)
                continue
            }
            survey.blankCount += 1
            if blank.count < 10 { blank.append(row.line) }
        }
        try inputs.examineBlankTexts(input, count: survey.blankCount, lines: blank)
        return survey
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
    /// The same with a model of the hub, text by text.
    private func embed(
        _ vectorizer: HubVectorizer,
        _ fields: TextFile.Fields,
        _ survey: Survey,
        _ writer: VectorFileWriter?,
        _ result: ResultRun
    ) async throws {
        let work = HubEmbedding(
            input: input,
            fields: fields,
            prompt: inputs.prompt ?? "",
            vectorizer: vectorizer,
            running: running,
            writer: writer,
            fallbackDimension: inputs.hub.dimensions ?? 1
        )
        let report = try await work.run(total: survey.count - survey.blankCount)
        let more = "\(report.usage)"
        tell(count: report.textCount, dimension: report.dimension, result, more: more.isEmpty ? "" : "; \(more)")
        let isWhole = report.textCount == survey.count - survey.blankCount
        try record(
            result,
            rows: survey.count,
            left: report.textCount,
            report.dimension,
            isWhole ? survey.checksum : nil
        )
    }
    #endif
}
