// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import System
internal import VectorFiles

/// `simile bench join`
struct BenchJoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Time an exact join.",
        discussion: """
            Times the call, without loading, and prints one JSON object. With --left alone each pair of its rows counts once. \
            GFLOP/s are 2*d over the time for each pair that had to be decided. The digest depends on every pair and score \
            that was found, in order.
            """
    )

    @Option(help: "A vector file.") var left: String
    @Option(help: "A vector file; none means --left with itself.") var right: String?
    @Option(parsing: .unconditional, help: "Lowest score, or largest distance, of a pair; inclusive.")
    var threshold: Threshold
    @Option(help: "How vectors are compared.") var metric: Metric = .cosine
    @OptionGroup var measuring: MeasuringOptions
    @OptionGroup var running: RunningOptions

    mutating func validate() throws {
        try threshold.validate(for: metric)
        if measuring.prepared, right != nil { throw ValidationError("--prepared is for a join of --left with itself") }
    }

    mutating func run() throws {
        try measuring.requireJSON()
        let leftRows = try VectorFile.read(left)
        let rightRows = try right.map { try VectorFile.read($0) }
        if let right, let rightRows { try requireSameDimension(left, leftRows, right, rightRows) }
        guard leftRows.rowCount > 0, rightRows?.rowCount != 0 else {
            throw CommandFailure.refused("nothing to measure: one side of the join has no rows")
        }
        let options = running.runOptions()
        // As in `simile join`: a pair takes 24 bytes in its block and 24 in the result.
        let bench = JoinBench(
            left: leftRows,
            right: rightRows,
            threshold: threshold.value,
            metric: metric,
            isPrepared: measuring.prepared,
            options: options,
            runs: measuring.runs,
            warmup: measuring.warmup
        )
        try StandardStream.output.write(try bench.run().json)
    }
}
