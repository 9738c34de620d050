// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityJobs
internal import StrictJSON
internal import System
internal import VectorFiles

/// `simile plan search|join ... --output R --job DIR`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Plan a search or a join as a job of parts, and say what it will take.",
        discussion: """
            The folder of a job holds what is to be done and, group by group, what is done. Any number of processes, on any \
            machines that see it, do its parts with 'simile run'; 'simile merge' makes the result, with the bytes of the \
            plain command.
            """,
        subcommands: [PlanSearchCommand.self, PlanJoinCommand.self]
    )
}

/// What both kinds of a plan understand.
struct PlanOptions: ParsableArguments {
    @Option(help: "Result file of the merge: .jsonl, .csv, .parquet or .npy.") var output: String
    @Option(help: "Folder of the job; made if it is not there.") var job: String
    @Option(parsing: .unconditional, help: "Parts that the job is for, if 'run' does not say otherwise.")
    var parts: Int = 1
    @Option(
        parsing: .unconditional,
        help: "Rows of a group, which is what a process that is ended loses. (default: about ten seconds)"
    )
    var groupRows: Int?
    @Flag(inversion: .prefixedNo, help: "Prepare the corpus, once, for all parts. (default: if it pays)")
    var prepare: Bool?
    @Flag(help: "Say what the job would take, and write nothing.") var dryRun = false
    @Option(help: "Form of standard output. (default: table on a terminal, else json)") var format: PlanFormat?

    mutating func validate() throws {
        if parts < 1 { throw ValidationError("--parts is \(parts); it must be at least 1") }
        if let groupRows, groupRows < 1 {
            throw ValidationError("--group-rows is \(groupRows); it must be at least 1")
        }
    }

    /// Plans, and says what the job takes.
    func plan(_ request: JobRequest, _ running: RunningOptions) throws {
        var request = request
        request.partCount = parts
        request.groupRows = groupRows
        request.preparesCorpus = prepare
        request.skipsInvalidRows = running.skipInvalid
        try PlannedOutput.requireDistinct([.result(output)], from: [request.left] + [request.right].compactMap { $0 })
        let forecast: JobForecast
        do {
            let options = running.runOptions()
            forecast =
                try dryRun
                ? Job.forecast(request, options: options) : Job.plan(request, in: job, options: options).forecast
        } catch let error as JobError {
            throw error.asFailure
        }
        try StandardStream.output.write(PlanReport(forecast, running, isJSON: isJSON).text)
        if !dryRun {
            running.tell(
                "\(forecast.groupCount) groups of \(forecast.groupRows) rows -> \(job); next: simile run --job \(job)"
            )
        }
    }

    private var isJSON: Bool { (format ?? (StandardStream.output.isTerminal ? .table : .json)) == .json }
}

enum PlanFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json
}

/// `simile plan search`
struct PlanSearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Plan a search: the nearest corpus rows of each query, exactly."
    )

    @OptionGroup var search: SearchOptions
    @OptionGroup var plan: PlanOptions
    @OptionGroup var running: RunningOptions

    mutating func run() async throws {
        try search.resolve(nil)
        try plan.plan(search.request(to: plan.output), running)
    }
}

/// `simile plan join`
struct PlanJoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Plan a join: all pairs of rows that reach a threshold, exactly."
    )

    @OptionGroup var join: JoinOptions
    @OptionGroup var plan: PlanOptions
    @OptionGroup var running: RunningOptions

    mutating func run() async throws {
        try plan.plan(join.request(to: plan.output), running)
    }
}

/// What a plan says.
private struct PlanReport {
    let text: String

    init(_ forecast: JobForecast, _ running: RunningOptions, isJSON: Bool) {
        if isJSON {
            text =
                JSONWriter.objectText { plan in
                    plan.field("left", forecast.leftRowCount)
                    plan.field("right", forecast.rightRowCount)
                    plan.field("dimension", forecast.dimension)
                    plan.field("groupRows", forecast.groupRows)
                    plan.field("groups", forecast.groupCount)
                    plan.field("prepare", forecast.preparesCorpus)
                    plan.field("seconds", forecast.seconds)
                    plan.field("threads", running.workers.count)
                    plan.field("memory", forecast.memory)
                    plan.field(
                        "result",
                        array: { list in
                            for row in forecast.results {
                                list.object {
                                    $0.field("threshold", ifAny: row.threshold)
                                    $0.field("rows", Int(min(row.count, 0x1p62)))
                                }
                            }
                        }
                    )
                } + "\n"
            return
        }
        let threads = running.workers.count == 1 ? "1 thread" : "\(running.workers.count) threads"
        var lines = [
            "rows        \(forecast.leftRowCount) x \(forecast.rightRowCount), \(forecast.dimension) dimensions",
            "groups      \(forecast.groupCount) of \(forecast.groupRows) rows",
            "corpus      \(forecast.preparesCorpus ? "prepared once, in the folder of the job" : "as it is")",
            "time        about \(Quantity.seconds(forecast.seconds)) in all, on \(threads) of this machine",
            "memory      about \(Quantity.short(Double(forecast.memory)))B a process, beside the inputs",
        ]
        for row in forecast.results {
            let threshold = row.threshold.map { " at \($0)" } ?? ""
            lines.append("result      about \(Quantity.short(row.count)) rows\(threshold)")
        }
        text = lines.joined(separator: "\n") + "\n"
    }
}

extension JobError {
    /// The failure with its exit code.
    var asFailure: CommandFailure {
        switch code {
        case .unusable: .usage(description)
        case .changed: .refused(description)
        case .invalidRows: .refused("\(description); --skip-invalid leaves them out")
        default: .failed(description)
        }
    }
}
