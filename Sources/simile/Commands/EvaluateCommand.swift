// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import StrictJSON
internal import System
internal import TextEncoder
internal import VectorFiles

/// `simile evaluate --pairs F`, `simile evaluate --queries F --corpus F`
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "How good vectors are: against scores that people gave, or answers that are known.",
        discussion: """
            With --pairs: how the scores of pairs of texts agree with those in the file (Spearman's and Pearson's correlation; where they are all 0 or \
            1, the area under the curve). With --queries and --corpus: whether the answers are found (precision at 1, recall, reciprocal rank and \
            discounted gain at -k, area under the curve). --positives says which rows answer which queries, as for 'simile mine', and \
            how well they do, if some do better than others (a field or column "grade"); without it row i of the corpus answers query i. Run it with several models, or with vectors that were quantized or reduced, on data like your own.
            """
    )

    @Option(help: "Pairs of texts with scores: .jsonl, .csv or .parquet.") var pairs: String?
    @Option(help: "Field or column of the first text of a pair. (default: sentence1)") var firstField: String?
    @Option(help: "Field or column of the second text of a pair. (default: sentence2)") var secondField: String?
    @Option(help: "Field or column of the score of a pair. (default: score)") var scoreField: String?
    @Option(help: "Vectors of the first texts, if they have been made already; --pairs needs scores alone then.")
    var firstVectors: String?
    @Option(help: "Vectors of the second texts, if they have been made already.") var secondVectors: String?
    @Option(help: "Queries: texts or vectors.") var queries: String?
    @Option(help: "Corpus: texts, vectors or a prepared corpus.") var corpus: String?
    @Option(help: "Which rows answer which queries: .jsonl or .csv.") var positives: String?
    @Option(name: .customShort("k"), parsing: .unconditional, help: "Neighbors that are looked at. (default: 10)")
    var k: Int?
    @Flag(help: "Leave out the row with the query's own number; queries and corpus are the same file.")
    var excludeSelf = false
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @Option(help: "Form of standard output: table or json. (default: table on a terminal, else json)") var format:
        OutputFormat?
    @Option(help: "What is put before texts of --queries. (default: as --prompt, else what the model says)")
    var queryPrompt: String?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if let k, k < 1 { throw ValidationError("-k is \(k); it must be at least 1") }
        if pairs == nil {
            guard queries != nil, corpus != nil else {
                throw ValidationError("expected --pairs, or --queries and --corpus")
            }
            if firstField != nil || secondField != nil || scoreField != nil || firstVectors != nil
                || secondVectors != nil
            {
                throw ValidationError("--first-field, --second-field, --score-field and their vectors are for --pairs")
            }
        } else {
            if queries != nil || corpus != nil || positives != nil || k != nil || excludeSelf || queryPrompt != nil {
                throw ValidationError(
                    "--queries, --corpus, --positives, -k, --exclude-self and --query-prompt are not for --pairs"
                )
            }
            if (firstVectors == nil) != (secondVectors == nil) {
                throw ValidationError("expected --first-vectors and --second-vectors, or neither")
            }
            if firstVectors != nil, firstField != nil || secondField != nil {
                throw ValidationError("--first-field and --second-field are for texts; vectors are given")
            }
        }
    }

    mutating func run() async throws {
        let format = try (format ?? .standard).among([.table, .json])
        let (counts, values) = if let pairs { try await ofPairs(pairs) } else { try await ofRetrieval() }
        if format == .json {
            try StandardStream.output.write(
                JSONWriter.line { line in
                    for (name, count) in counts { line.field(name, count) }
                    for (name, value) in values { line.field(name, value.map { Float($0) }) }
                }
            )
            return
        }
        let rows = counts.map { ($0, "\($1)") } + values.map { ($0, $1.map { Quantity.fixed($0, 4) } ?? "none") }
        let width = rows.map { $0.0.count }.max() ?? 0
        for (name, value) in rows { try StandardStream.output.write("\(name.rightPadded(to: width))  \(value)\n") }
    }
}

extension EvaluateCommand {
    private typealias Measures = (counts: [(String, Int)], values: [(String, Double?)])

    private func ofPairs(_ path: String) async throws -> Measures {
        let path = try inputs.resolved(path)
        let gold = try scores(path)
        let sides: [VectorMatrix]
        if let firstVectors, let secondVectors {
            let reader = try InputReader(inputs, running, for: [(firstVectors, nil), (secondVectors, nil)])
            sides = [
                try await reader.read(firstVectors, metric: metric).vectors,
                try await reader.read(secondVectors, metric: metric).vectors,
            ]
        } else {
            let reader = try InputReader(inputs, running, for: [])
            var files: [TextFile] = []
            for field in [firstField ?? "sentence1", secondField ?? "sentence2"] {
                let file = try TextFile.read(path, fields: TextFile.Fields(text: field))
                if let blank = file.blankRows.first {
                    throw CommandFailure.refused(
                        "\(path), line \(file.lines[blank]): expected text in \"\(field)\", found a blank one"
                    )
                }
                files.append(file)
            }
            // Both sides at once: what is equal is encoded once, and the model is loaded once.
            let all = try await reader.embed(
                files.flatMap(\.texts),
                from: (path, files.flatMap(\.lines))
            )
            let count = files[0].texts.count
            sides = [all[0..<count], all[count..<2 * count]]
        }
        for (side, name) in zip(sides, [firstVectors ?? path, secondVectors ?? path]) where side.rowCount != gold.count
        {
            throw CommandFailure.refused(
                "\(name): expected a row for each of the \(gold.count) pairs, found \(side.rowCount)"
            )
        }
        try requireSameDimension(firstVectors ?? path, sides[0], secondVectors ?? path, sides[1])
        let found = try sides[0].scores(ofPairsWith: sides[1], metric: metric, options: running.runOptions())
        let nearness = found.map { metric.score(reported: $0) }
        var values: [(String, Double?)] = [
            ("spearman", RankCorrelation.spearman(nearness, gold)),
            ("pearson", RankCorrelation.pearson(nearness, gold)),
        ]
        if gold.allSatisfy({ $0 == 0 || $0 == 1 }) {
            values.append(
                ("areaUnderCurve", RankCorrelation.areaUnderCurve(nearness, isPositive: gold.map { $0 == 1 }))
            )
        }
        return ([("pairs", gold.count)], values)
    }

    /// What people said, in the order of the pairs.
    private func scores(_ path: String) throws -> [Float] {
        let name = scoreField ?? "score"
        _ = try FileFormat.of(path, among: [.jsonl, .csv, .parquet], for: "pairs with scores")
        return try LabelColumn.read(path, name: name).enumerated().map { row, text in
            guard let text, let score = Float(text), score.isFinite else {
                throw CommandFailure.refused(
                    "\(path), record \(row + 1): expected a number in \"\(name)\", found \(text.map { "\"\($0)\"" } ?? "none")"
                )
            }
            return score
        }
    }

    private func ofRetrieval() async throws -> Measures {
        let (queries, corpus) = try (inputs.resolved(self.queries ?? ""), inputs.resolved(self.corpus ?? ""))
        let run = try ResultRun(running, reads: [queries, corpus, positives])
        let reader = try InputReader(inputs, running, for: [(queries, nil), (corpus, nil)], queryPrompt: queryPrompt)
        let rows = run.noting("corpus", corpus, try await reader.read(corpus, metric: metric, as: .document))
        let wanted =
            queries == corpus
            ? rows : run.noting("queries", queries, try await reader.read(queries, metric: metric, as: .query))
        try requireSameDimension(queries, wanted.vectors, corpus, rows.vectors)
        if excludeSelf, !InputOrigin.areSame(queries, corpus) {
            throw CommandFailure.usage("--exclude-self needs --queries and --corpus to be the same file")
        }
        if positives == nil, wanted.vectors.rowCount != rows.vectors.rowCount {
            throw CommandFailure.refused(
                "without --positives row i of the corpus answers query i: \(InputSpool.named(queries)) has "
                    + "\(wanted.vectors.rowCount) rows, \(InputSpool.named(corpus)) has \(rows.vectors.rowCount)"
            )
        }
        let answers =
            try positives.map { try PositiveFile.read($0, queries: wanted.vectors, corpus: rows.vectors) }
            ?? (0..<rows.vectors.rowCount).map { [RelevantRow(row: $0)] }
        let neighbors = k ?? 10
        let quality = try rows.vectors.retrievalQuality(
            of: wanted.vectors,
            answers: answers,
            k: neighbors,
            metric: metric,
            excludingSelf: excludeSelf,
            options: running.runOptions()
        )
        try run.requireUnchanged()
        guard let quality else {
            throw CommandFailure.refused(
                "\(positives ?? InputSpool.named(queries)): expected answers of at least one query, found none"
            )
        }
        return (
            [("queries", quality.queryCount), ("rows", rows.vectors.rowCount), ("k", neighbors)],
            [
                ("precisionAt1", quality.precisionAtOne), ("recall", quality.recall),
                ("reciprocalRank", quality.reciprocalRank), ("normalizedGain", quality.normalizedGain),
                ("areaUnderCurve", quality.areaUnderCurve),
            ]
        )
    }
}
