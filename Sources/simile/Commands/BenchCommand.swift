// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `simile bench`
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine.",
        subcommands: [BenchSearchCommand.self, BenchJoinCommand.self]
    )
}

/// What every measurement understands.
struct MeasuringOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Counted runs.") var runs: Int = 5
    @Option(parsing: .unconditional, help: "Runs before them that are not counted.") var warmup: Int = 1
    @Flag(help: "Prepare the corpus once, outside the clock, and time the work on what was prepared.")
    var prepared = false
    @Option(help: "Form of the output: json.") var format: OutputFormat?

    mutating func validate() throws {
        if runs < 1 { throw ValidationError("--runs is \(runs); it must be at least 1") }
        if warmup < 0 { throw ValidationError("--warmup is \(warmup); it must be at least 0") }
    }

    func requireJSON() throws { _ = try (format ?? .json).among([.json]) }
}
