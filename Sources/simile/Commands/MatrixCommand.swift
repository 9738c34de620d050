// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import VectorFiles

/// `simile matrix [TEXT...] [--input F]`
struct MatrixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix",
        abstract: "The similarity of each with each, for a few texts or vectors.",
        discussion: """
            Outputs by ending: .svg (a heat map), .npy, .csv or .jsonl. For large sets use search or join, which never store \
            the matrix.
            """
    )

    @Argument(help: "Texts.") var texts: [String] = []
    @Option(help: "Vectors or texts.") var input: String?
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @Option(help: "Output file: .svg, .npy, .csv or .jsonl.") var output: String?
    @Option(help: "Order of rows in pictures and tables: as they are given, or similar ones together.")
    var order: MatrixOrder = .given
    @Option(help: "Form of standard output. (default: table on a terminal, else jsonl)") var format: OutputFormat?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if texts.isEmpty == (input == nil) {
            throw ValidationError("expected either texts or --input F")
        }
    }

    mutating func run() async throws {
        input = try input.map { try inputs.resolved($0) }
        if output == "-" { (output, format) = (nil, format ?? .jsonl) }
        let run = try ResultRun(running, writes: [.file("--output", output)], reads: [input])
        let file = try output.map { try MatrixFile(path: $0) }
        let reader = try InputReader(inputs, running, for: input.map { [($0, nil)] } ?? [])
        var set: InputSet
        if let input {
            set = run.noting("input", input, try await reader.read(input, metric: metric))
        } else {
            if let blank = texts.firstIndex(where: \.isBlank), !running.skipInvalid {
                throw CommandFailure.refused("text \(blank + 1) of the command line is blank: expected text")
            }
            let vectors = try await reader.embed(texts, from: ("the command line", Array(1...texts.count)))
            set = InputSet(vectors: vectors, texts: texts)
        }
        if running.skipInvalid { set = set.withoutInvalidRows() }
        let n = Double(set.vectors.rowCount)
        if let output, file?.isPicture == true, set.vectors.rowCount > HeatMap.rowLimit {
            throw CommandFailure.failed(
                "\(output): a picture of \(set.vectors.rowCount) rows cannot be read; expected at most \(HeatMap.rowLimit). "
                    + "'simile search' finds the neighbors of each row without a matrix, and 'simile map' draws large sets"
            )
        }
        // The scores, and of a picture its pixels, packed and in letters.
        try running.requireMemory(
            (file?.isPicture == true ? 12 : 4) * n * n,
            for: "a matrix of \(Int(n)) x \(Int(n))",
            instead: "search and join need no matrix"
        )
        let isShown = file?.isPicture ?? ((format ?? .standard) == .table)
        if order != .given, !isShown {
            throw CommandFailure.usage("--order is for .svg pictures and tables; other outputs are by row number")
        }
        var matrix = try set.vectors.similarityMatrix(metric: metric, options: running.runOptions())
        try run.requireUnchanged()
        if order == .cluster {
            let rows = matrix.clusterOrder()
            matrix = matrix.ordered(by: rows)
            set = set.selecting(rows)
        }
        let report = MatrixReport(set: set, matrix: matrix, metric: metric)
        if let file, let output {
            try file.write(report)
            running.tell("\(matrix.rowCount) x \(matrix.columnCount) matrix -> \(output)")
        } else {
            try report.print(format ?? .standard)
        }
    }
}

/// The order of the rows of a picture or a table, as the command line names it.
enum MatrixOrder: String, CaseIterable, ExpressibleByArgument {
    case given, cluster
}
