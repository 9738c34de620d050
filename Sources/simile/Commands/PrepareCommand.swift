// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import System
internal import VectorFiles

/// `simile prepare --corpus F --output C.simile`
struct PrepareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Make a corpus ready for many searches and joins.",
        discussion: """
            C.simile is taken wherever a corpus is, by search, join, matrix and info; results are the same bytes as from F. It \
            names F, by the path from its own folder, and needs it unchanged; with --embed-source it holds the vectors itself. \
            Vectors of texts, of .jsonl, .csv and .parquet files, of compressed files and of streams are always embedded: they \
            lie nowhere else.
            """
    )

    @Option(help: "Corpus: vectors or texts.") var corpus: String
    @Option(help: "Prepared corpus: .simile.") var output: String
    @Option(help: "How vectors will be compared; a prepared corpus serves one metric.") var metric: Metric = .cosine
    @Flag(help: "Put the vectors and their ids inside, so that F is not needed any more.") var embedSource = false
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func run() async throws {
        let given = corpus
        corpus = try inputs.resolved(given)
        let kind = try inputs.kind(of: corpus)
        if kind == .prepared {
            throw CommandFailure.usage("\(given) is a prepared corpus already; prepare takes vectors or texts")
        }
        let run = try ResultRun(running, writes: [.file("--output", output)], reads: [corpus])
        let writer = try PreparedCorpusWriter(path: output, registeredIn: Interruption.temporaryFiles)
        let isStream = given == "-" || SpooledFile.isStream(given)
        let source = try isStream ? nil : PreparedSource(given)
        let vectors = try await InputReader(inputs, running, for: [(corpus, nil)]).read(corpus, metric: metric).vectors
        let (n, d) = (Double(vectors.rowCount), Double(vectors.dimension))
        // Codes and terms of each row, then the moments, the basis and the rotation.
        try running.requireMemory(
            n * (d + 64) + 12 * d * d,
            for: "preparing \(vectors.rowCount) x \(vectors.dimension)",
            instead: "prepare a part of the corpus"
        )
        let prepared = try PreparedCorpus(vectors, metric: metric, options: running.runOptions())
        let embeds =
            embedSource || corpus != given || !(FileFormat(path: corpus).map(FileFormat.vectors.contains) ?? false)
        try writer.write(prepared, source: source, embeddingSource: embeds, check: Interruption.flag.check)
        let share = n > 0 ? Double(prepared.codeByteCount) / (4 * n * d) : 0
        running.tell(
            "\(vectors.rowCount) rows, prefix \(prepared.prefix) of \(vectors.dimension), codes of "
                + "\(Quantity.fixed(share, 2)) of the float vectors\(embeds ? ", vectors embedded" : "") -> \(output) "
                + "(\(Quantity.seconds(run.seconds)))"
        )
    }
}
