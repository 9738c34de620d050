// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import VectorFiles

/// `simile communities --input F --threshold 0.75 --min-size 10 --output C`
struct CommunitiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "communities",
        abstract: "Groups of rows that lie near a common one, by a threshold; a row may be in none.",
        discussion: """
            The rules are those of community_detection of sentence-transformers. Outputs by ending: .jsonl has a line a \
            community with all its members, best first, .csv a line a member, .npy the number of the community of every row, -1 for none.
            """
    )

    @Option(help: "Texts or vectors.") var input: String
    @Option(help: "Vectors of the texts of --input, one a record, if they have been made already.") var vectors: String?
    @Option(parsing: .unconditional, help: "Lowest score, or largest distance, of a member and its center; inclusive.")
    var threshold: Threshold
    @Option(parsing: .unconditional, help: "Rows that a community has at least.") var minSize: Int = 10
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @Option(help: "The communities: .jsonl, .csv or .npy.") var output: String?
    @Option(parsing: .unconditional, help: "Members that a table shows of a community.") var members: Int = 5
    @Option(help: "Form of standard output. (default: table on a terminal, else jsonl)") var format: OutputFormat?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if minSize < 1 { throw ValidationError("--min-size is \(minSize); it must be at least 1") }
        if members < 0 { throw ValidationError("--members is \(members); it must not be negative") }
        try threshold.validate(for: metric)
    }

    mutating func run() async throws {
        input = try inputs.resolved(input)
        vectors = try vectors.map { try inputs.resolved($0) }
        let run = try ResultRun(running, writes: [.file("--output", output)], reads: [input, vectors])
        let file = try output.map { path in
            let format = try FileFormat.of(path, among: [.jsonl, .csv, .npy], for: "communities")
            return (try AtomicFile(path, registeredIn: Interruption.temporaryFiles), format)
        }
        let set = try await InputReader(inputs, running, for: [(input, vectors)]).read(
            input,
            vectors: vectors,
            metric: metric
        )
        run.noting("input", input, set)
        run.noting("vectors", vectors, set)
        let n = set.vectors.rowCount
        let progress = running.progress("joining", total: Double(n) * Double(n) / 2, unit: "pairs")
        defer { progress.finish() }
        // Of equal rows one stands for all.
        let flags = set.validFlags(skippingInvalid: running.skipInvalid)
        let copies = try set.copies(near: threshold.value, metric: metric, among: flags)
        let joined: SelfJoin
        do {
            let distinct = copies.map { set.selecting($0.representatives) } ?? set
            let options = run.watching(
                running.runOptions(progress, bytesPerPair: RunningOptions.bytesPerGroupedPair)
            )
            joined = try distinct.corpus.selfJoin(threshold: threshold.value, metric: metric, options: options)
        } catch let error as SimilarityError where error.code == .tooLarge {
            throw CommandFailure.failed("\(error); ask for a stricter --threshold, or allow more --memory")
        }
        progress.finish()
        try run.requireUnchanged()
        let all =
            try copies.map { try joined.communities(of: $0, minimumSize: minSize) }
            ?? joined.communities(minimumSize: minSize)
        // To the join, a row that is left out is one without near ones: no community of one, though.
        let found = all.filter { $0.size > 1 || flags[$0.center] }
        let shown = file == nil && (format ?? .standard) == .table ? members : .max
        let report = report(found, set, shown: shown)
        if let (file, format) = file, format == .npy {
            var labels = [Int64](repeating: -1, count: n)
            for (number, community) in found.enumerated() {
                for row in community.rows { labels[row] = Int64(number) }
            }
            file.write(NumpyHeader.bytes(descriptor: "<i8", shape: [n]))
            try file.write(littleEndian: labels)
            try file.finish()
            try file.publish()
        } else if let (file, format) = file {
            try report.write(to: file, format)
        }
        let grouped = found.reduce(0) { $0 + $1.size }
        running.tell(
            "\(n) rows: \(grouped) in \(found.count) communities, \(n - grouped) in none (\(Quantity.seconds(run.seconds)))"
        )
        guard let output else { return try report.print(format ?? .standard) }
        run.record(
            output,
            [("communities", .count(found.count)), ("rowsInThem", .count(grouped))],
            counters: joined.counters
        )
    }

    private func report(_ found: [Community], _ set: InputSet, shown: Int) -> GroupReport {
        let groups = found.enumerated().map { number, community in
            GroupReport.Group(
                number: number,
                size: community.size,
                center: community.center,
                members: Array(
                    ((community.holdsCenter ? [(community.center, nil)] : [])
                        + community.members.map { ($0.row, Optional($0.score)) }).prefix(shown)
                )
            )
        }
        return GroupReport(name: "community", scoreName: metric.scoreName, set: set, groups: groups)
    }
}
