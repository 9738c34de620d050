// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import VectorFiles

/// `simile bench`
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine.",
        subcommands: [BenchSearchCommand.self]
    )
}

/// `simile bench search`
struct BenchSearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Time exact search beside the bare matrix multiply.",
        discussion: """
            Alternates the search (the call, without loading) with the bare cblas_sgemm over the same tiles and workers, after \
            one uncounted run of each, and prints one JSON object. For fewer than 4 queries the bare work is one read of \
            the corpus. GFLOP/s are 2*m*n*d over the time; ratios are search over bare. Memory is RssAnon + RssShmem, \
            sampled during the first search, before OpenBLAS has been called.
            """
    )

    @Option(help: "Queries: a vector file.") var queries: String?
    @Option(help: "Corpus: a vector file.") var corpus: String?
    @Option(help: "Gaussian vectors instead of files, e.g. 100000x384.") var random: Extent?
    @Option(parsing: .unconditional, help: "Queries of --random.") var queryCount: Int = 1024
    @Option(name: .customShort("k"), parsing: .unconditional, help: "Neighbors of each query.") var k: Int = 10
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @Option(parsing: .unconditional, help: "Counted runs of each.") var runs: Int = 5
    @Option(help: "Tile sizes to try instead of the planned ones, e.g. 256x1024.") var tile: Extent?
    @Option(help: "Form of the output: json.") var format: OutputFormat?
    @OptionGroup var running: RunningOptions

    mutating func validate() throws {
        if (random == nil) == (queries == nil || corpus == nil) {
            throw ValidationError("expected either --queries F --corpus F or --random ROWSxDIM")
        }
        if k < 1 { throw ValidationError("-k is \(k); it must be at least 1") }
        if runs < 1 { throw ValidationError("--runs is \(runs); it must be at least 1") }
        if queryCount < 1 { throw ValidationError("--query-count is \(queryCount); it must be at least 1") }
    }

    mutating func run() throws {
        _ = try (format ?? .json).among([.json])
        let sets = try load()
        try requireSameDimension(queries ?? "queries", sets.queries, corpus ?? "corpus", sets.corpus)
        guard sets.queries.rowCount > 0, sets.corpus.rowCount > 0 else {
            throw CommandFailure.refused(
                "nothing to measure: \(sets.queries.rowCount) queries, \(sets.corpus.rowCount) rows"
            )
        }
        var options = running.runOptions()
        options.tilePlan = tile.map { TilePlan(queries: $0.rows, rows: $0.columns) }
        let bench = SearchBench(
            queries: sets.queries,
            corpus: sets.corpus,
            k: k,
            metric: metric,
            options: options,
            runs: runs
        )
        try StandardStream.output.write(try bench.run().json + "\n")
    }

    private func load() throws -> (queries: VectorMatrix, corpus: VectorMatrix) {
        if let random {
            // Owned matrices copy their values, so there are two for a moment.
            try running.requireMemory(
                8 * (Double(random.rows) + Double(queryCount)) * Double(random.columns),
                for: "\(random.rows) + \(queryCount) random vectors",
                instead: "measure fewer or shorter ones"
            )
            return (
                try random.gaussian(rowCount: queryCount, seed: 2, workers: running.workers),
                try random.gaussian(rowCount: random.rows, seed: 1, workers: running.workers)
            )
        }
        return (try VectorFile.read(queries ?? ""), try VectorFile.read(corpus ?? ""))
    }
}
