// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import System
internal import VectorFiles

/// `simile bench search`
struct BenchSearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Time exact search beside the bare matrix multiply.",
        discussion: """
            Alternates the search (the call, without loading) with the bare product, by what multiplies here, over the same tiles and workers, and \
            prints one JSON object. For fewer than 4 queries the bare work is one read of the corpus. GFLOP/s are 2*m*n*d \
            over the time; ratios are search over bare. Memory is RssAnon + RssShmem, sampled during the first uncounted \
            search, before OpenBLAS has been called. The digest depends on every row and score that was found, in order.
            """
    )

    @Option(help: "Queries: a vector file.") var queries: String?
    @Option(help: "Corpus: a vector file.") var corpus: String?
    @Option(help: "Gaussian vectors instead of files, e.g. 100000x384.") var random: Extent?
    @Option(parsing: .unconditional, help: "Queries of --random. (default: 1024)") var queryCount: Int?
    @Flag(name: .customLong("self"), help: "The corpus is its own queries; the row of a query is left out.")
    var isSelf = false
    @Flag(help: "Each query is a call of its own; adds the median of those calls, perQuery, in seconds.")
    var oneByOne = false
    @Flag(help: "Leave out the bare matrix multiply.") var noBare = false
    @Option(name: .customShort("k"), parsing: .unconditional, help: "Neighbors of each query.") var k: Int = 10
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @Option(help: "Tile sizes to try instead of the planned ones, e.g. 256x1024.") var tile: Extent?
    @OptionGroup var measuring: MeasuringOptions
    @OptionGroup var running: RunningOptions

    mutating func validate() throws {
        if isSelf {
            if (random == nil) == (corpus == nil) || queries != nil || queryCount != nil {
                throw ValidationError("--self takes --corpus F or --random ROWSxDIM, and no queries")
            }
            if oneByOne { throw ValidationError("--self is one call; it cannot be --one-by-one") }
        } else if random == nil {
            if queries == nil || corpus == nil || queryCount != nil {
                throw ValidationError("expected either --queries F --corpus F, --corpus F --self or --random ROWSxDIM")
            }
        } else if queries != nil || corpus != nil {
            throw ValidationError("--random is instead of --queries and --corpus")
        }
        if k < 1 { throw ValidationError("-k is \(k); it must be at least 1") }
        if let queryCount, queryCount < 1 {
            throw ValidationError("--query-count is \(queryCount); it must be at least 1")
        }
    }

    mutating func run() throws {
        try measuring.requireJSON()
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
            isSelf: isSelf,
            isOneByOne: oneByOne,
            hasBare: !noBare,
            isPrepared: measuring.prepared,
            options: options,
            runs: measuring.runs,
            warmup: measuring.warmup
        )
        try StandardStream.output.write(try bench.run().json)
    }

    private func load() throws -> (queries: VectorMatrix, corpus: VectorMatrix) {
        if let random {
            let queryCount = isSelf ? 0 : queryCount ?? 1024
            // Owned matrices copy their values, so there are two for a moment.
            try running.requireMemory(
                8 * (Double(random.rows) + Double(queryCount)) * Double(random.columns),
                for: "\(random.rows) + \(queryCount) random vectors",
                instead: "measure fewer or shorter ones"
            )
            let corpus = try random.gaussian(rowCount: random.rows, seed: 1, workers: running.workers)
            if isSelf { return (corpus, corpus) }
            return (try random.gaussian(rowCount: queryCount, seed: 2, workers: running.workers), corpus)
        }
        let rows = try VectorFile.read(corpus ?? "")
        return (isSelf ? rows : try VectorFile.read(queries ?? ""), rows)
    }
}
