// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Similarity
internal import System
internal import VectorFiles

/// `simile dedup --input F --threshold T --output G --report R`
struct DedupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dedup",
        abstract: "Drop near-duplicates, and tell for which record each of them went.",
        discussion: """
            The output has the kept records of the input as they stand there, in their order; texts have the ending of the input, \
            vectors any format of vectors. The report (.jsonl or .csv) has a line for every dropped record. With --linkage kept, \
            no two kept records reach the threshold, and every dropped record reaches it with the one that it is told to go for. \
            --from REPORT does it again with a stricter threshold, another --keep or another --linkage, and computes no score.
            """
    )

    @Option(help: "Texts or vectors.") var input: String
    @Option(help: "Vectors of the texts of --input, one a record, if they have been made already.") var vectors: String?
    @Option(parsing: .unconditional, help: "Lowest score, or largest distance, of near-duplicates; inclusive.")
    var threshold: Threshold
    @Option(help: "How vectors are compared. (default: cosine, or that of --from)") var metric: Metric?
    @Option(help: "Which record of a group stays: the first, that with the longest text, or that with most near ones.")
    var keep: KeepRule = .first
    @Option(help: "What makes a group: each dropped record near its kept one, or chains of near records.")
    var linkage: DuplicateRemoval.Linkage = .kept
    @Option(help: "Drop records that are near one of this file instead: texts or vectors.") var against: String?
    @Option(help: "Report of an earlier run on the same input.") var from: String?
    @Option(help: "Kept records.") var output: String?
    @Option(help: "Vectors of the kept records.") var outputVectors: String?
    @Option(help: "What was dropped: .jsonl or .csv.") var report: String?
    @Option(help: "Form of standard output without --output and --report. (default: table on a terminal, else jsonl)")
    var format: OutputFormat?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        try threshold.validate(for: metric)
        if from != nil, against != nil || vectors != nil || metric != nil {
            throw ValidationError("--from takes metric, vectors and the other corpus from the report; leave them out")
        }
        if from != nil, let model = inputs.model {
            throw ValidationError("--from makes no vectors; --model \(model) would have no effect")
        }
        if from != nil, outputVectors != nil {
            throw ValidationError("--output-vectors needs vectors, and --from reads none; leave out one of the two")
        }
        if against != nil, linkage == .single || keep != .first {
            throw ValidationError("--against drops single records; --keep and --linkage have no meaning there")
        }
    }

    mutating func run() async throws {
        input = try inputs.resolved(input)
        vectors = try vectors.map { try inputs.resolved($0) }
        against = try against.map { try inputs.resolved($0) }
        let isText = try inputs.kind(of: input) == .texts
        if vectors != nil, !isText { throw CommandFailure.usage("\(input) holds vectors already; leave out --vectors") }
        if case .longest = keep, !isText {
            throw CommandFailure.usage("--keep longest needs texts; \(input) holds vectors")
        }
        let run = try ResultRun(
            running,
            writes: [
                .vectors("--report", report), .vectors("--output", output), .vectors("--output-vectors", outputVectors),
            ],
            reads: [input, vectors, against, from]
        )
        // Outputs that cannot be written are known before the work begins.
        let reportFile = try report.map {
            try DuplicateReport(path: $0, registeredIn: Interruption.temporaryFiles)
        }
        let records = try output.map { output in
            // The rows of a Parquet file keep all of their columns.
            isText || [FileFormat(path: input), FileFormat(path: output)] == [.parquet, .parquet]
                ? KeptRecords.texts(
                    try TextRecordWriter(
                        output,
                        from: input,
                        fields: inputs.fields(of: input),
                        registeredIn: Interruption.temporaryFiles
                    )
                ) : .vectors(try VectorFileWriter(path: output, registeredIn: Interruption.temporaryFiles))
        }
        let vectorRecords = try outputVectors.map {
            try VectorFileWriter(path: $0, registeredIn: Interruption.temporaryFiles)
        }

        let reader = try InputReader(inputs, running, for: [(input, vectors)] + (against.map { [($0, nil)] } ?? []))
        let work =
            if let from { try repeated(from, reader) } else { try await computed(reader, run) }
        try run.requireUnchanged()
        try work.set.requireUnchanged()
        let outcome = work.outcome
        let names = DuplicateReport.Names(
            ids: (work.set.vectors.ids, (work.other ?? work.set).vectors.ids),
            texts: (work.set.texts, (work.other ?? work.set).texts)
        )
        var checksum: UInt64?
        if let reportFile {
            try running.writing(outcome.lines.count, unit: "lines") { check in
                checksum = try reportFile.write(outcome.lines, names: names, metric: outcome.metric, check: check)
            }
        }
        if let vectorRecords { try write(outcome, of: work.set.vectors, to: vectorRecords) }
        switch records {
        case .texts(let file):
            try running.writing(outcome.isKept.count, unit: "records") { try file.write(outcome.isKept, check: $0) }
        case .vectors(let file): try write(outcome, of: work.set.vectors, to: file)
        case nil: break
        }
        try publish(work, run, reportFile, checksum)
        try tell(work, run, names)
    }
}

/// Which record of a group stays, as the command line names it.
enum KeepRule: String, CaseIterable, ExpressibleByArgument {
    case first, longest, central
}

extension DuplicateRemoval.Linkage: ExpressibleByArgument {}

/// Where kept records go.
private enum KeptRecords {
    case texts(TextRecordWriter)
    case vectors(VectorFileWriter)
}

extension DedupCommand {
    private func write(_ outcome: DedupOutcome, of vectors: VectorMatrix, to file: VectorFileWriter) throws {
        let rows = outcome.isKept.indices.filter { outcome.isKept[$0] }
        file.begin(rows: rows.count, dimension: vectors.dimension)
        let step = max(1, (1 << 20) / vectors.dimension)
        try running.writing(rows.count, unit: "vectors") { written in
            for start in stride(from: 0, to: rows.count, by: step) {
                let part = rows[start..<min(start + step, rows.count)]
                try file.append(vectors.selecting(Array(part)), check: Interruption.flag.check)
                try written(part.endIndex)
            }
        }
        try file.finish(check: Interruption.flag.check)
    }

    /// Gives the report its name, together with the record that `--from` goes by; without a report the kept records have one.
    private func publish(
        _ work: Work,
        _ run: ResultRun,
        _ file: DuplicateReport?,
        _ checksum: UInt64?
    ) throws {
        let outcome = work.outcome
        let facts =
            [("kept", RunRecord.Fact.count(outcome.keptCount)), ("dropped", .count(outcome.lines.count))]
            + EarlierReport.facts(metric: outcome.metric, threshold: work.threshold, skipped: work.skipped)
            + (checksum.map { [("resultChecksum", .text($0.hexadecimal))] } ?? [])
        if let report, let file {
            try file.publish(
                with: run.finishedRecord(report, facts, inputs: work.inputs, counters: outcome.counters)
            )
        } else {
            run.record(output, facts, inputs: work.inputs, counters: outcome.counters)
        }
    }

    private func tell(_ work: Work, _ run: ResultRun, _ names: DuplicateReport.Names) throws {
        let outcome = work.outcome
        let groups = outcome.groupCount.map { " in \($0) groups" } ?? ""
        let skipped = work.skipped.isEmpty ? "" : ", \(work.skipped.count) invalid ones left out"
        running.tell(
            "\(outcome.isKept.count) records: \(outcome.keptCount) kept, \(outcome.lines.count) dropped\(groups)\(skipped) "
                + "(\(Quantity.seconds(run.seconds)))"
        )
        guard report == nil, output == nil, outputVectors == nil else { return }
        let format = format ?? .standard
        let out = BufferedOutput()
        if format == .csv { try out.write(DuplicateReport.csvHeader(names, outcome.metric)) }
        if format == .json { try out.write("[") }
        for (i, line) in outcome.lines.enumerated() {
            if i % 256 == 0 { try Interruption.flag.check() }
            switch format {
            case .jsonl:
                try out.write(DuplicateReport.json(line, names, outcome.metric) + [UInt8(ascii: "\n")])
            case .json:
                if i > 0 { try out.write(",") }
                try out.write(DuplicateReport.json(line, names, outcome.metric))
            case .csv: try out.write(DuplicateReport.csv(line, names))
            case .table: try out.write(table(line, work))
            }
        }
        if format == .json { try out.write("]\n") }
        try out.flush()
    }

    /// The score, then the kept record and below it the one that goes for it.
    private func table(_ line: DuplicateLine, _ work: Work) -> String {
        let width = max(20, (StandardStream.output.columns ?? 100) - 9)
        let score = line.score.map {
            TextStyle.ofTerminal.cell($0, work.outcome.metric)
        }
        let kept = (work.other ?? work.set).label(line.kept).shortened(to: width)
        return "\(score ?? "  chain")  \(kept)\n         \(work.set.label(line.row).shortened(to: width))\n"
    }
}
