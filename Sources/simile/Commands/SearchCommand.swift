// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import System
internal import TextEncoder
internal import VectorFiles

/// `simile search --queries F --corpus F -k 10 --output R`
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "The nearest corpus rows of each query, exactly.",
        discussion: """
            Result files by ending: .jsonl, .csv, .parquet, or .npy (r.npy becomes r.rows.npy and r.scores.npy). Row numbers count from \
            0. Ties go to the lower row.
            """
    )

    @OptionGroup var search: SearchOptions
    @Option(
        help:
            "Look only at rows whose signs are most like the query's, by this file of 'quantize --to binary' of the corpus: approximate."
    )
    var prefilter: String?
    @Option(parsing: .unconditional, help: "Rows that --prefilter lets through for each query. (default: 20 times k)")
    var candidates: Int?
    @Option(help: "What is put before texts of --queries. (default: as --prompt, else what the model says)")
    var queryPrompt: String?
    @OptionGroup var result: ResultOptions
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if let candidates, candidates < search.k {
            throw ValidationError("--candidates is \(candidates); expected -k or more")
        }
        if candidates != nil, prefilter == nil { throw ValidationError("--candidates is for --prefilter") }
        if prefilter != nil, result.resume { throw ValidationError("--prefilter is not for --resume") }
    }

    mutating func run() async throws {
        try search.resolve(inputs)
        let (queries, corpus, k, output) = (search.queries, search.corpus, search.k, result.file)
        let run = try ResultRun(running, writes: [.result(output)], reads: [queries, corpus, prefilter])
        if let output = try result.fileToResume() {
            return try Checkpoint(search.request(to: output), running).run()
        }
        Checkpoint.tellOfStale(output, running)
        let file = try output.map { try NeighborFile(path: $0, registeredIn: Interruption.temporaryFiles) }
        let reader = try InputReader(inputs, running, for: [(corpus, nil), (queries, nil)], queryPrompt: queryPrompt)
        let (rows, metric) = try await reader.readCorpus(corpus, metric: search.metric, as: .document)
        // Another name of the same file may have another ending and other ids beside it.
        let wanted = queries == corpus ? rows : try await reader.read(queries, metric: metric, as: .query)
        try requireSameDimension(queries, wanted.vectors, corpus, rows.vectors)
        if search.excludeSelf, wanted.vectors.rowCount != rows.vectors.rowCount {
            throw CommandFailure.refused(
                "--exclude-self: \(queries) has \(wanted.vectors.rowCount) rows, \(corpus) has \(rows.vectors.rowCount)"
            )
        }
        let (m, n) = (Double(wanted.vectors.rowCount), Double(rows.vectors.rowCount))
        try running.requireMemory(
            32 * m * min(Double(k), n),
            for: "the result of \(Int(m)) queries x \(min(k, Int(n))) neighbors",
            instead: "ask for fewer neighbors or split the queries"
        )

        let progress = running.progress("searching", total: m * n, unit: "pairs")
        run.noting("queries", queries, wanted)
        run.noting("corpus", corpus, rows)
        let options = run.watching(running.runOptions(progress))
        let found =
            try prefilter.map { try approximate($0, wanted, rows, metric, options) }
            ?? rows.corpus.nearest(
                to: wanted.vectors,
                k: k,
                metric: metric,
                excludingSelf: search.excludeSelf,
                options: options
            )
        progress.finish()
        try run.requireUnchanged()
        let report = SearchReport(queries: wanted, corpus: rows, found: found)
        if let file, let output {
            try running.writing(found.count, unit: "queries") { check in
                try file.write(found, check: check)
            }
            running.tell(
                "\(found.count) queries x \(rows.vectors.rowCount) rows -> \(output) "
                    + "(\(Quantity.seconds(run.seconds)), \(prefilter == nil ? "\(found.counters.engine)" : "approximate"))"
            )
            run.record(
                output,
                [("neighbors", .count(found.rows.count)), ("prefilter", .text(prefilter))],
                counters: prefilter == nil ? found.counters : nil
            )
            if result.format == .json { try StandardStream.output.write(found.counters.object + "\n") }
        } else {
            try report.print(result.form)
        }
    }
}

extension SearchCommand {
    /// The best of the rows whose signs are most like the query's.
    private func approximate(
        _ path: String,
        _ queries: InputSet,
        _ corpus: InputSet,
        _ metric: Metric,
        _ options: RunOptions
    ) throws -> NearestNeighbors {
        let bits = try VectorFile.read(path)
        let (count, width) = (corpus.vectors.rowCount, (corpus.vectors.dimension + 7) / 8)
        guard bits.rowCount == count, let packed = PackedBits(bits, dimension: corpus.vectors.dimension) else {
            throw CommandFailure.refused(
                "\(path): expected \(count) rows of \(width) bytes, the signs of \(InputSpool.named(search.corpus)), found "
                    + "\(bits.rowCount) x \(bits.dimension), or no bytes"
            )
        }
        let prefilter = SignPrefilter(packed)
        let fit = prefilter.fit(to: corpus.vectors)
        guard fit.agreement > 0.95 else {
            throw CommandFailure.refused(
                "\(path): expected the signs of \(InputSpool.named(search.corpus)), found those of another or an older corpus, or in another "
                    + "order of bits: \(Int(fit.agreement * 100)) % agree in a sample of rows"
            )
        }
        if fit.telling < 0.25, count > 1 {
            running.tell(
                "warning: \(path): \(Int(fit.telling * 100)) % of the components change their sign from row to row: signs tell these rows "
                    + "hardly apart; subtract the mean of each component before 'quantize --to binary'"
            )
        }
        let candidateCount = candidates ?? min(min(search.k, count) * 20, count)
        running.tell(
            "approximate: a neighbor is missed if its signs are not among the \(candidateCount) most like the query's"
        )
        return try corpus.vectors.nearest(
            to: queries.vectors,
            k: search.k,
            metric: metric,
            among: prefilter,
            candidateCount: candidateCount,
            excludingSelf: search.excludeSelf,
            options: options
        )
    }
}

/// Refuses inputs whose vectors cannot be compared, by the names of their files.
func requireSameDimension(_ leftPath: String, _ left: VectorMatrix, _ rightPath: String, _ right: VectorMatrix) throws {
    if left.dimension != right.dimension {
        throw CommandFailure.refused(
            "different dimensions: \(leftPath) has \(left.dimension), \(rightPath) has \(right.dimension)"
        )
    }
}
