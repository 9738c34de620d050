// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import System
internal import VectorFiles

/// `simile join --left F [--right F] --threshold T --output R`
struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "All pairs of rows that reach a threshold, exactly.",
        discussion: """
            With --left alone each pair of its rows is reported once, the lower row first. The threshold is inclusive; for \
            --metric euclidean it is the largest distance. Result files by ending: .jsonl, .csv, .parquet, or .npy (r.npy becomes \
            r.pairs.npy and r.scores.npy).
            """
    )

    @OptionGroup var join: JoinOptions
    @OptionGroup var result: ResultOptions
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func run() async throws {
        try join.resolve(inputs)
        let (left, right, output) = (join.left, join.right, result.file)
        let run = try ResultRun(running, writes: [.result(output)], reads: [left, right])
        if let output = try result.fileToResume() { return try Checkpoint(join.request(to: output), running).run() }
        let large = try canBeGrouped() ? output.map { try join.request(to: $0) } : nil
        Checkpoint.tellOfStale(output, running, large: large)
        var file = try output.map { try PairFile(path: $0, registeredIn: Interruption.temporaryFiles) }
        let reader = try InputReader(inputs, running, for: [(left, nil)] + (right.map { [($0, nil)] } ?? []))
        // The right side, or the only one, is the one that is searched in.
        let (corpus, metric) = try await reader.readCorpus(right ?? left, metric: join.metric)
        try join.threshold.require(for: metric)
        let rightSet = right == nil ? nil : corpus
        let leftSet = right == nil || right == left ? corpus : try await reader.read(left, metric: metric)
        let (m, n) = (Double(leftSet.vectors.rowCount), Double((rightSet ?? leftSet).vectors.rowCount))
        let progress = running.progress("joining", total: rightSet == nil ? m * m / 2 : m * n, unit: "pairs")
        run.noting("left", left, leftSet)
        if let rightSet { run.noting("right", right, rightSet) }
        let options = run.watching(running.runOptions(progress))
        guard let joined = try found(leftSet, rightSet, metric, options) else {
            progress.finish()
            file = nil
            running.tell("the pairs do not fit the memory at once; going on in groups")
            return try Checkpoint.ofLargeJoin(try join.request(to: output ?? ""), running).run()
        }
        progress.finish()
        try run.requireUnchanged()
        let report = JoinReport(left: leftSet, right: rightSet ?? leftSet, joined: joined)
        if let file, let output {
            try running.writing(joined.pairs.count, unit: "pairs") { check in
                try file.write(joined, check: check)
            }
            running.tell(
                "\(joined.pairs.count) pairs -> \(output) (\(Quantity.seconds(run.seconds)), \(joined.counters.engine))"
            )
            run.record(output, [("pairs", .count(joined.pairs.count))], counters: joined.counters)
            if result.format == .json { try StandardStream.output.write(joined.counters.object + "\n") }
        } else {
            try report.print(result.form)
        }
    }

    /// Whether the join can be done in groups, whose pairs are kept in files.
    private func canBeGrouped() throws -> Bool {
        guard result.file != nil else { return false }
        return try [join.left, join.right].compactMap { $0 }.allSatisfy {
            try inputs.kind(of: $0) != .texts && ![.jsonl, .csv, .parquet].contains(FileFormat(path: $0))
        }
    }

    /// The pairs; nil if there are more than the memory holds and they can be had in groups.
    private func found(
        _ leftSet: InputSet,
        _ rightSet: InputSet?,
        _ metric: Metric,
        _ options: RunOptions
    ) throws -> Join? {
        do {
            guard let rightSet, let right = join.right else {
                return Join(
                    try leftSet.corpus.selfJoin(threshold: join.threshold.value, metric: metric, options: options)
                )
            }
            try requireSameDimension(join.left, leftSet.vectors, right, rightSet.vectors)
            return try rightSet.corpus.join(
                from: leftSet.vectors,
                threshold: join.threshold.value,
                metric: metric,
                options: options
            )
        } catch let error as SimilarityError where error.code == .tooLarge {
            if try canBeGrouped() { return nil }
            let limit = running.memoryBudget.map {
                "\(Quantity.short($0.bytes))B may be used (\($0.source); --memory sets it)"
            }
            throw CommandFailure.failed(
                "\(error.description): a pair takes \(Int(RunningOptions.bytesPerPair)) bytes of memory, and \(limit ?? "there is a limit"); ask for a stricter "
                    + "threshold, or join vector files with --output, which is done in groups"
            )
        }
    }
}
