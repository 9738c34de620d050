// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Similarity
internal import StrictJSON
internal import TextEncoder
internal import VectorFiles

/// `simile mine --queries F --corpus F --positives P --output T`
struct MineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mine",
        abstract: "Hard negatives for training: rows that are near a query and do not answer it.",
        discussion: """
            --positives is a .jsonl file of {"query":0,"positives":[5,7]} or a .csv file of the columns query and positive, by ids where there \
            are ids, else by row numbers; without it row i of the corpus answers query i. The output (.jsonl) has a line a triplet, or with --form n-tuple a line a pair \
            of query and positive with all of its negatives; texts stand there for rows where there are texts. The rules are those of \
            mine_hard_negatives of sentence-transformers.
            """
    )

    @Option(help: "Queries: texts or vectors.") var queries: String
    @Option(help: "Corpus: texts, vectors or a prepared corpus.") var corpus: String
    @Option(help: "Vectors of the texts of --queries, if they have been made already.") var queryVectors: String?
    @Option(help: "Vectors of the texts of --corpus, if they have been made already.") var corpusVectors: String?
    @Option(help: "Which rows answer which queries: .jsonl or .csv.") var positives: String?
    @Option(parsing: .unconditional, help: "Negatives of each pair of query and positive.") var negatives: Int = 3
    @Option(parsing: .unconditional, help: "The first rank that is looked at, from 0, positives left out.")
    var rangeMin: Int = 0
    @Option(parsing: .unconditional, help: "The rank before which the last one is looked at.") var rangeMax: Int = 100
    @Option(parsing: .unconditional, help: "The lowest score of a negative.") var minScore: Threshold?
    @Option(parsing: .unconditional, help: "The highest score of a negative.") var maxScore: Threshold?
    @Option(parsing: .unconditional, help: "How much worse than its positive a negative is at least.") var margin:
        Threshold?
    @Option(parsing: .unconditional, help: "The share of the positive's score by which a negative is worse at least.")
    var relativeMargin: Threshold?
    @Option(help: "Which of those that qualify are taken.") var sampling: NegativeMining.Sampling = .top
    @Option(parsing: .unconditional, help: "What random draws follow from.") var seed: UInt64 = 0
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @Option(help: "What a line is.") var form: MinedForm = .triplet
    @Option(help: "Lines of what was mined: .jsonl. (default: standard output)") var output: String?
    @Option(help: "What is put before texts of --queries. (default: as --prompt, else what the model says)")
    var queryPrompt: String?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if let relativeMargin, relativeMargin.value < 0 {
            throw ValidationError(
                "--relative-margin is \(relativeMargin.value); it must be 0 or more: a negative is never nearer than its positive"
            )
        }
        if negatives < 1 { throw ValidationError("--negatives is \(negatives); it must be at least 1") }
        if rangeMin < 0 || rangeMax <= rangeMin {
            throw ValidationError(
                "--range-min is \(rangeMin) and --range-max \(rangeMax); expected 0 or more, then more than that"
            )
        }
    }

    /// What each row of a corpus of texts says, by its first row: equal texts are copies of each other.
    private func classes(_ corpus: InputSet) -> [Int]? {
        corpus.texts.map { texts in
            var firsts: [String: Int] = [:]
            return texts.enumerated().map { row, text in
                if let first = firsts[text] { return first }
                firsts[text] = row
                return row
            }
        }
    }

    mutating func run() async throws {
        queries = try inputs.resolved(queries)
        corpus = try inputs.resolved(corpus)
        if output == "-" { output = nil }
        let run = try ResultRun(
            running,
            writes: [.file("--output", output)],
            reads: [queries, corpus, queryVectors, corpusVectors, positives]
        )
        let file = try output.map { path in
            _ = try FileFormat.of(path, among: [.jsonl], for: "mined negatives")
            return try AtomicFile(path, registeredIn: Interruption.temporaryFiles)
        }
        let reader = try InputReader(
            inputs,
            running,
            for: [(queries, queryVectors), (corpus, corpusVectors)],
            queryPrompt: queryPrompt
        )
        let rows = try await reader.read(corpus, vectors: corpusVectors, metric: metric, as: .document)
        let wanted = try await reader.read(queries, vectors: queryVectors, metric: metric, as: .query)
        run.noting("queries", queries, wanted)
        run.noting("corpus", corpus, rows)
        try requireSameDimension(queries, wanted.vectors, corpus, rows.vectors)
        let answers =
            try positives.map {
                try PositiveFile.read($0, queries: wanted.vectors, corpus: rows.vectors).map { $0.map(\.row) }
            } ?? paired(wanted, rows)
        var mining = NegativeMining()
        mining.count = negatives
        mining.ranks = rangeMin..<rangeMax
        mining.minimumScore = minScore?.value
        mining.maximumScore = maxScore?.value
        mining.absoluteMargin = margin?.value
        mining.relativeMargin = relativeMargin?.value
        mining.sampling = sampling
        mining.seed = seed
        let (m, n) = (Double(wanted.vectors.rowCount), Double(rows.vectors.rowCount))
        try running.requireMemory(
            32 * m * min(Double(rangeMax) + 16, n),
            for: "the neighbors of \(Int(m)) queries",
            instead: "lower --range-max or split the queries"
        )
        let progress = running.progress("searching", total: m * n, unit: "pairs")
        defer { progress.finish() }
        let mined = try rows.vectors.hardNegatives(
            for: wanted.vectors,
            positives: answers,
            classes: classes(rows),
            metric: metric,
            mining: mining,
            options: run.watching(running.runOptions(progress))
        )
        progress.finish()
        try run.requireUnchanged()
        let count = try write(mined, wanted, rows, to: file)
        let pairs = answers.reduce(0) { $0 + $1.count }
        let without = pairs - mined.count
        running.tell(
            "\(pairs) pairs of a query and a positive: \(count) negatives\(output.map { " -> \($0)" } ?? ""), "
                + "\(without) pairs without any (\(Quantity.seconds(run.seconds)))"
        )
        run.record(output, [("pairs", .count(pairs)), ("negatives", .count(count))])
    }

    /// Row i answers query i.
    private func paired(_ queries: InputSet, _ corpus: InputSet) throws -> [[Int]] {
        guard queries.vectors.rowCount == corpus.vectors.rowCount else {
            throw CommandFailure.refused(
                "without --positives row i of the corpus answers query i: \(InputSpool.named(self.queries)) has "
                    + "\(queries.vectors.rowCount) rows, \(InputSpool.named(self.corpus)) has \(corpus.vectors.rowCount)"
            )
        }
        return (0..<queries.vectors.rowCount).map { [$0] }
    }

    /// Writes the lines; returns how many negatives there are.
    private func write(_ mined: [MinedNegatives], _ queries: InputSet, _ corpus: InputSet, to file: AtomicFile?) throws
        -> Int
    {
        let out = BufferedOutput()
        var count = 0
        for (i, entry) in mined.enumerated() {
            if i % 256 == 0 { try Interruption.flag.check() }
            count += entry.negatives.count
            let scores = ([entry.positive] + entry.negatives).map(\.score)
            func line(_ negatives: (inout JSONWriter) -> Void, _ scores: [Float]) -> [UInt8] {
                JSONWriter.line { line in
                    line.field("query", value(entry.query, queries))
                    line.field("positive", value(entry.positive.row, corpus))
                    negatives(&line)
                    line.field("\(metric.scoreName)s", scores)
                }
            }
            let lines =
                switch form {
                case .nTuple:
                    [line({ $0.field("negatives", entry.negatives.map { value($0.row, corpus) }) }, scores)]
                case .triplet:
                    entry.negatives.enumerated().map { i, negative in
                        line({ $0.field("negative", value(negative.row, corpus)) }, [scores[0], scores[i + 1]])
                    }
                }
            for line in lines {
                if let file {
                    file.write(line)
                    try file.flushIfLarge()
                } else {
                    try out.write(line)
                }
            }
        }
        guard let file else {
            try out.flush()
            return count
        }
        try file.finish()
        try file.publish()
        return count
    }

    /// The text of a row, or its number.
    private func value(_ row: Int, _ set: InputSet) -> MinedValue {
        set.texts.map { .text($0[row]) } ?? .row(row)
    }
}

/// What stands for a row in a line.
private enum MinedValue: JSONWritable {
    case text(String)
    case row(Int)

    func write(to writer: inout JSONWriter) {
        switch self {
        case .text(let text): text.write(to: &writer)
        case .row(let row): row.write(to: &writer)
        }
    }
}

/// What a line of mined negatives is, as the command line names it.
enum MinedForm: String, CaseIterable, ExpressibleByArgument {
    case triplet
    case nTuple = "n-tuple"
}

extension NegativeMining.Sampling: ExpressibleByArgument {}
