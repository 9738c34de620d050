// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import VectorFiles

/// `simile cluster --input F -k 100 --output L`
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Put rows into clusters by k-means.",
        discussion: """
            The output says for every row which cluster it is in: .csv, .jsonl, .parquet or .npy. Without --output the clusters are printed with the \
            rows nearest to their centroids; --summary writes the same to a file. For --metric cosine rows count as unit vectors. The \
            same seed gives the same bytes, whatever the threads.
            """
    )

    @Option(help: "Texts or vectors.") var input: String
    @Option(help: "Vectors of the texts of --input, one a record, if they have been made already.") var vectors: String?
    @Option(name: [.customShort("k"), .customLong("clusters")], parsing: .unconditional, help: "Clusters.") var k: Int
    @Option(help: "How rows and centroids are compared: cosine or euclidean.") var metric: Metric = .cosine
    @Option(help: "Where centroids begin: drawn by distance (k-means++) or without regard to it.")
    var start: StartRule = .plusplus
    @Option(help: "Vectors where centroids begin, instead of --start.") var startCentroids: String?
    @Option(parsing: .unconditional, help: "The most times that centroids are moved.") var iterations: Int = 25
    @Option(
        parsing: .unconditional,
        help: "End when the inertia falls by less than this share; 0 ends when no row moves."
    )
    var tolerance: Double = 1e-4
    @Option(parsing: .unconditional, help: "Rows that centroids are fitted on. (default: all)") var sample: Int?
    @Option(parsing: .unconditional, help: "What every draw follows from.") var seed: UInt64 = 0
    @Option(help: "The cluster of every row: .csv, .jsonl, .parquet or .npy.") var output: String?
    @Option(help: "The centroids: .npy or another format of vectors.") var centroids: String?
    @Option(help: "The clusters with their sizes and nearest members: .jsonl or .csv.") var summary: String?
    @Option(parsing: .unconditional, help: "Members that are shown of a cluster.") var members: Int = 5
    @Option(help: "Form of standard output without --output. (default: table on a terminal, else jsonl)")
    var format: OutputFormat?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if k < 1 { throw ValidationError("-k is \(k); it must be at least 1") }
        if metric == .dot { throw ValidationError("--metric dot has no mean; expected cosine or euclidean") }
        if iterations < 0 { throw ValidationError("--iterations is \(iterations); it must not be negative") }
        if !(tolerance >= 0 && tolerance < 1) { throw ValidationError("--tolerance is \(tolerance); expected 0 to 1") }
        if let sample, sample < 1 { throw ValidationError("--sample is \(sample); it must be at least 1") }
        if members < 0 { throw ValidationError("--members is \(members); it must not be negative") }
    }

    mutating func run() async throws {
        input = try inputs.resolved(input)
        vectors = try vectors.map { try inputs.resolved($0) }
        let run = try ResultRun(
            running,
            writes: [
                .vectors("--output", output), .file("--summary", summary), .vectors("--centroids", centroids),
            ],
            reads: [input, vectors, startCentroids]
        )
        let labelFile = try output.map { try LabelFile(path: $0, registeredIn: Interruption.temporaryFiles) }
        let centroidFile = try centroids.map {
            try VectorFileWriter(path: $0, registeredIn: Interruption.temporaryFiles)
        }
        let summaryFile = try summary.map { path in
            let format = try FileFormat.of(path, among: [.jsonl, .csv], for: "summaries of clusters")
            return (try AtomicFile(path, registeredIn: Interruption.temporaryFiles), format)
        }
        let reader = try InputReader(inputs, running, for: [(input, vectors)])
        let set = try await reader.read(input, vectors: vectors, metric: metric)
        run.noting("input", input, set)
        run.noting("vectors", vectors, set)
        var clustering = ClusteringOptions()
        clustering.iterationLimit = iterations
        clustering.tolerance = tolerance
        clustering.sampleSize = sample
        clustering.seed = seed
        clustering.start =
            if let startCentroids { .centroids(try VectorFile.read(startCentroids)) } else {
                start == .random ? .random : .plusPlus
            }
        let progress = running.progress("clustering", total: Double(iterations), unit: "iterations")
        defer { progress.finish() }
        let found: Clustering
        do {
            found = try set.vectors.clusters(
                k,
                metric: metric,
                clustering: clustering,
                options: running.runOptions(progress)
            )
        } catch let error as SimilarityError where error.code == .tooFewRows {
            throw CommandFailure.refused("\(InputSpool.named(input)): \(error)")
        }
        progress.finish()
        try run.requireUnchanged()
        if let centroidFile { try centroidFile.write(found.centroids, check: Interruption.flag.check) }
        let report = report(found, set)
        if let (file, format) = summaryFile { try report.write(to: file, format) }
        if let labelFile {
            try running.writing(found.labels.count, unit: "rows") { check in
                try labelFile.write(
                    found.labels,
                    group: "cluster",
                    score: { found.scores[$0] },
                    scoreName: metric.scoreName,
                    ids: set.vectors.ids,
                    check: check
                )
            }
        }
        running.tell(
            "\(found.labels.count) rows in \(found.count) clusters of \(found.sizes.min() ?? 0) to \(found.sizes.max() ?? 0), "
                + "inertia \(Quantity.fixed(found.inertia, 3)), \(found.iterationCount) iterations"
                + "\(end(of: found)) (\(Quantity.seconds(run.seconds)))"
        )
        for result in [output, summary] {
            run.record(
                result,
                [
                    ("clusters", .count(found.count)), ("inertia", .number(found.inertia)),
                    ("iterations", .count(found.iterationCount)), ("seed", .text("\(seed)")),
                ],
                isBound: true
            )
        }
        if output == nil, summary == nil { try report.print(format ?? .standard) }
    }

    private func end(of found: Clustering) -> String {
        if found.hasConverged { return "" }
        return found.iterationCount < iterations ? ", ended by --tolerance" : ", ended by --iterations"
    }

    private func report(_ found: Clustering, _ set: InputSet) -> GroupReport {
        let nearest = found.nearestMembers(members)
        let groups = zip(found.sizes, nearest).enumerated().map { number, cluster in
            GroupReport.Group(
                number: number,
                size: cluster.0,
                members: cluster.1.map { ($0.row, $0.score) }
            )
        }
        return GroupReport(name: "cluster", scoreName: metric.scoreName, set: set, groups: groups)
    }
}

/// Where centroids begin, as the command line names it.
enum StartRule: String, CaseIterable, ExpressibleByArgument {
    case plusplus, random
}
