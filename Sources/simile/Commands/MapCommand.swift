// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Charts
internal import Similarity
internal import VectorFiles

/// `simile map --input F --output M.html`
struct MapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "Lay rows out in the plane, and draw them.",
        discussion: """
            Outputs by ending: .html, one page that needs no network (move, zoom, search, hover); .svg; or the places of the points as \
            vectors (.npy and other formats of vectors), .csv or .jsonl. Vectors of two dimensions are drawn where they are, with axes; \
            others by --layout distances, which keeps all distances as well as a plane can (of three rows exactly), neighbors, where \
            neighbors lie together, or principal, by the two strongest principal components. The same \
            seed draws the same picture, whatever the threads.
            """
    )

    @Option(help: "Texts or vectors.") var input: String
    @Option(help: "Vectors of the texts of --input, one a record, if they have been made already.") var vectors: String?
    @Option(help: "Picture or places: .html, .svg, .csv, .jsonl or a format of vectors.") var output: String
    @Option(
        help:
            "plane, distances, neighbors or principal. (default: plane for vectors of two dimensions, else distances of up to 50 rows, neighbors of more)"
    )
    var layout: MapLayout?
    @Option(help: "How neighbors are found.") var metric: Metric = .cosine
    @Option(parsing: .unconditional, help: "Neighbors of each row that are to lie near it.") var neighbors: Int = 15
    @Option(parsing: .unconditional, help: "How near points may come, 0 to 3.") var minDist: Double = 0.1
    @Option(parsing: .unconditional, help: "Steps of the layout. (default: 500 of up to 10,000 rows, 200 of more)")
    var epochs: Int?
    @Option(parsing: .unconditional, help: "What every draw follows from.") var seed: UInt64 = 0
    @Option(
        parsing: .unconditional,
        help: "Color by this many clusters, named after the texts nearest to their centroids."
    ) var clusters: Int?
    @Option(help: "Color by this field (.jsonl) or column (.csv) of the input.") var color: String?
    @Option(help: "Color by these labels: an .npy file of cluster.") var labels: String?
    @Option(help: "What is written above the picture. (default: the name of the input)") var title: String?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if neighbors < 1 { throw ValidationError("--neighbors is \(neighbors); it must be at least 1") }
        if !(minDist >= 0 && minDist < 3) { throw ValidationError("--min-dist is \(minDist); expected 0 to 3") }
        if let epochs, epochs < 0 { throw ValidationError("--epochs is \(epochs); it must not be negative") }
        if let clusters, clusters < 1 { throw ValidationError("--clusters is \(clusters); it must be at least 1") }
        if metric == .dot { throw ValidationError("--metric dot has no distances; expected cosine or euclidean") }
        if [clusters.map { "\($0)" }, color, labels].count(where: { $0 != nil }) > 1 {
            throw ValidationError("expected one of --clusters, --color and --labels")
        }
    }

    mutating func run() async throws {
        let name = title ?? input.split(separator: "/").last.map(String.init) ?? input
        input = try inputs.resolved(input)
        vectors = try vectors.map { try inputs.resolved($0) }
        let run = try ResultRun(running, writes: [.vectors("--output", output)], reads: [input, vectors, labels])
        let format = try FileFormat.of(output, among: [.html, .svg, .csv, .jsonl] + FileFormat.vectors, for: "maps")
        let isPlace = FileFormat.vectors.contains(format)
        let writer = isPlace ? try VectorFileWriter(path: output, registeredIn: Interruption.temporaryFiles) : nil
        let file = isPlace ? nil : try AtomicFile(output, registeredIn: Interruption.temporaryFiles)
        let values = try givenLabels()
        try tellOfOtherLabels()
        var set = try await InputReader(inputs, running, for: [(input, vectors)]).read(
            input,
            vectors: vectors,
            metric: metric
        )
        run.noting("input", input, set)
        let rowCount = set.vectors.rowCount
        if running.skipInvalid { set = set.withoutInvalidRows() }
        let groups = try groups(of: set, rowCount: rowCount, values)
        let layout =
            layout
            ?? (set.vectors.dimension == 2 ? .plane : rowCount <= LayoutOptions.fewRows ? .distances : .neighbors)
        let places = try places(of: set.vectors, layout)
        try run.requireUnchanged()
        if let writer {
            try writer.write(places, check: Interruption.flag.check)
        } else if let file {
            let out = { (text: String) in
                file.write(text)
                try file.flushIfLarge()
            }
            switch format {
            case .html, .svg:
                let plot = ScatterPlot(
                    title: name,
                    points: (0..<places.rowCount).map { row in
                        let place = places[row]
                        return ScatterPlot.Point(
                            x: Double(place[0]),
                            y: Double(place[1]),
                            label: set.label(row),
                            group: groups.labels[row]
                        )
                    },
                    groups: groups.names,
                    hasAxes: layout == .plane
                )
                try format == .html ? plot.writeHTML(out) : plot.writeSVG(out)
            default: try PlaceLines(set: set, places: places, groups: groups.labels).write(format, out)
            }
            try Interruption.flag.check()
            try file.finish()
            try file.publish()
        }
        // Of three points nothing is lost.
        let stress = layout == .distances && rowCount > 3 ? set.vectors.stress(of: places, metric: metric) : 0
        let loss =
            stress > 0.005
            ? "; distances differ by \(Int((stress * 100).rounded())) % from those of the rows (stress)" : ""
        running.tell(
            "\(places.rowCount) points -> \(output)\(loss) (\(Quantity.seconds(run.seconds)))"
        )
    }

    private func places(of vectors: VectorMatrix, _ layout: MapLayout) throws -> VectorMatrix {
        var options = LayoutOptions()
        switch layout {
        case .plane:
            guard vectors.dimension == 2 else {
                throw CommandFailure.usage("--layout plane is for vectors of 2 dimensions; found \(vectors.dimension)")
            }
            return vectors
        case .distances: options.method = .distances
        case .principal: options.method = .principal
        case .neighbors: options.method = .neighbors
        }
        options.neighborCount = neighbors
        options.minimumDistance = minDist
        options.epochCount = epochs
        options.seed = seed
        let progress = running.progress("laying out", total: Double(vectors.rowCount), unit: "points")
        defer { progress.finish() }
        return try vectors.planeLayout(metric: metric, layout: options, options: running.runOptions(progress))
    }

    /// What rows are colored by, where a field or a file says it: read before texts are embedded.
    private func givenLabels() throws -> [String?]? {
        if let color {
            guard try inputs.kind(of: input) == .texts, FileFormat(path: input) != .txt else {
                throw CommandFailure.usage("--color names a field of a .jsonl or a column of a .csv file of texts")
            }
            return try LabelColumn.read(input, name: color)
        }
        return try labels.map { try LabelFile.read($0).map { $0 < 0 ? nil : "\($0)" } }
    }

    /// Labels that were made of a file that neither is an input nor has become one: as many rows say little.
    private func tellOfOtherLabels() throws {
        guard let labels, let record = SourceRecord(beside: labels) else { return }
        let given = [input, vectors].compactMap { $0 }
        if given.contains(where: { !record.lineage.isDisjoint(with: SourceRecord.lineage(of: $0)) }) { return }
        running.tell(
            "warning: \(labels) was made of \(record.source), and nothing says that \(InputSpool.named(input)) has the same rows "
                + "in the same order"
        )
    }

    /// The group of each row, and the names of the groups.
    private func groups(
        of set: InputSet,
        rowCount: Int,
        _ values: [String?]?
    ) throws -> (labels: [Int?], names: [String]) {
        let n = set.vectors.rowCount
        if let clusters {
            var clustering = ClusteringOptions()
            clustering.seed = seed
            do {
                let found = try set.vectors.clusters(
                    clusters,
                    metric: metric,
                    clustering: clustering,
                    options: running.runOptions()
                )
                return (found.labels, found.nearestMembers(1).map { $0.first.map { set.label($0.row) } ?? "" })
            } catch let error as SimilarityError where error.code == .tooFewRows {
                throw CommandFailure.refused("\(InputSpool.named(input)): \(error)")
            }
        }
        guard let values else { return ([Int?](repeating: nil, count: n), []) }
        guard values.count == rowCount else {
            throw CommandFailure.refused(
                "\(labels ?? InputSpool.named(input)): expected a label for each of the \(rowCount) rows, found \(values.count)"
            )
        }
        // The most frequent first: they get the colors that are told apart best.
        var counts: [String: Int] = [:]
        let kept = (0..<n).map { values[set.number($0)] }
        for case let value? in kept { counts[value, default: 0] += 1 }
        let names = counts.keys.sorted { (-(counts[$0] ?? 0), $0) < (-(counts[$1] ?? 0), $1) }
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        return (kept.map { $0.flatMap { numbers[$0] } }, names)
    }
}

/// How rows get their places, as the command line names it.
enum MapLayout: String, CaseIterable, ExpressibleByArgument {
    case plane, distances, neighbors, principal
}
