// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityJobs

/// What is asked of a search, now or as a job.
struct SearchOptions: ParsableArguments {
    @Option(help: "Queries: vectors or texts (of a job: vectors), or the rows of a prepared corpus.") var queries:
        String
    @Option(help: "Corpus: vectors or texts (of a job: vectors), or a prepared corpus.") var corpus: String
    @Option(name: .customShort("k"), parsing: .unconditional, help: "Neighbors of each query.") var k: Int = 10
    @Option(help: "How vectors are compared. (default: as the corpus is prepared, else cosine)") var metric: Metric?
    @Flag(help: "Leave out the row with the query's own number; queries and corpus are the same file.")
    var excludeSelf = false

    mutating func validate() throws {
        if k < 1 { throw ValidationError("-k is \(k); it must be at least 1") }
    }

    /// Finds the files, of models and sets as well as by their paths, and refuses a self-search of two files.
    mutating func resolve(_ inputs: InputOptions?) throws {
        let isOneInput = queries == corpus
        corpus = try inputs?.resolved(corpus) ?? corpus
        queries = try isOneInput ? corpus : inputs?.resolved(queries) ?? queries
        if excludeSelf, !InputOrigin.areSame(queries, corpus) {
            throw CommandFailure.usage(
                "--exclude-self needs --queries and --corpus to be the same file, or a prepared corpus and its source"
            )
        }
    }

    /// The search as a job.
    func request(to output: String) throws -> JobRequest {
        let metric = try metric ?? JobRequest.metric(ofCorpus: corpus)
        let kind = JobKind.search(k: k, excludingSelf: excludeSelf)
        return JobRequest(kind, left: queries, right: corpus, metric: metric, output: output)
    }
}

/// What is asked of a join, now or as a job.
struct JoinOptions: ParsableArguments {
    @Option(help: "Vectors, texts or a prepared corpus.") var left: String
    @Option(help: "Vectors, texts or a prepared corpus; none means --left with itself.") var right: String?
    @Option(parsing: .unconditional, help: "Lowest score, or largest distance, of a pair; inclusive.")
    var threshold: Threshold
    @Option(help: "How vectors are compared. (default: as --right, or --left alone, is prepared, else cosine)")
    var metric: Metric?

    mutating func validate() throws {
        try threshold.validate(for: metric)
    }

    /// Finds the files, of models and sets as well as by their paths.
    mutating func resolve(_ inputs: InputOptions) throws {
        let isOneInput = right == left
        left = try inputs.resolved(left)
        right = isOneInput ? left : try right.map { try inputs.resolved($0) }
    }

    /// The join as a job.
    func request(to output: String) throws -> JobRequest {
        let metric = try metric ?? JobRequest.metric(ofCorpus: right ?? left)
        try threshold.require(for: metric)
        return JobRequest(.join(threshold: threshold.value), left: left, right: right, metric: metric, output: output)
    }
}

/// Where the result of a search or a join goes.
struct ResultOptions: ParsableArguments {
    @Option(help: "Result file: .jsonl, .csv, .parquet or .npy.") var output: String?
    @Option(help: "Form of standard output. (default: table on a terminal, else jsonl)") var format: OutputFormat?
    @Flag(
        help:
            "Keep what is done in OUTPUT.job, and go on with what an earlier run has kept there; inputs are vector files."
    )
    var resume = false

    /// The result file; nil for standard output.
    var file: String? { output == "-" ? nil : output }

    /// The form of standard output.
    var form: OutputFormat { format ?? (output == "-" ? .jsonl : .standard) }

    /// The file beside which what is done is kept; nil if nothing is to be kept.
    func fileToResume() throws -> String? {
        if !resume { return nil }
        guard let file else { throw CommandFailure.usage("--resume needs --output: what is done is kept beside it") }
        return file
    }
}
