// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityJobs
internal import StrictJSON
internal import System
internal import VectorFiles

/// `simile run --job DIR [--part I/N]`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Do a part of a job.",
        discussion: """
            Without --part the index is that of a Slurm array task (SLURM_ARRAY_TASK_ID), of an Indexed Job of Kubernetes \
            (JOB_COMPLETION_INDEX) or of Open MPI (OMPI_COMM_WORLD_RANK), counted from 0, and the count is SIMILE_PART_COUNT, \
            else that of the plan; without an index too, all of the job is done. Groups that are done are left as they are, so \
            a run that was stopped goes on with the next.
            """
    )

    @Option(help: "Folder of the job.") var job: String
    @Option(help: "Which part of how many, counted from 0, e.g. 3/16.") var part: PartName?
    @OptionGroup var running: RunningOptions

    mutating func run() async throws {
        let clock = ContinuousClock.now
        try reporting {
            let job = try opened(job)
            let part = try part ?? PartName.ofEnvironment(count: job.partCount)
            let share: JobPart?
            do {
                share = try part.map { try JobPart($0.index, of: $0.count) }
            } catch let error as JobError {
                throw CommandFailure.usage(error.description + (part?.source.map { " (\($0))" } ?? ""))
            }
            if let part, let source = part.source {
                running.tell("part \(part.index) of \(part.count), counted from 0: \(source)")
            }
            let pairs = Double(job.leftRowCount) * Double(job.rightRowCount) / Double(share?.count ?? 1)
            let progress = running.progress("running", total: pairs, unit: "pairs")
            defer { progress.finish() }
            do {
                let count = try job.run(share, options: running.runOptions(progress))
                progress.finish()
                let status = try job.status()
                let seconds = Quantity.seconds((ContinuousClock.now - clock) / .seconds(1))
                running.tell(
                    "\(count) groups done in \(seconds), \(status.finishedCount) of \(status.groupCount) in all"
                        + (status.isComplete ? "; next: simile merge --job \(self.job)" : "")
                )
            } catch let error as SimilarityError where error.code == .tooLarge {
                throw CommandFailure.failed(
                    "\(error.description): a group does not fit the memory; plan the job again with fewer --group-rows, or "
                        + "give it more --memory"
                )
            } catch is CancellationError {
                progress.finish()
                let status = try job.status()
                running.tell(
                    "stopped; \(status.finishedCount) of \(status.groupCount) groups are kept; the same command goes on"
                )
                throw CancellationError()
            }
        }
    }
}

/// `simile status --job DIR`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How far a job is. Ends with 1 while groups are missing."
    )

    @Option(help: "Folder of the job.") var job: String
    @Option(help: "Form of standard output. (default: table on a terminal, else json)") var format: PlanFormat?

    mutating func run() throws {
        let status = try reporting { try Job(in: job).status() }
        if (format ?? (StandardStream.output.isTerminal ? .table : .json)) == .json {
            let line = JSONWriter.line { line in
                line.field("groups", status.groupCount)
                line.field("done", status.finishedCount)
                line.field("missing", status.missingGroups)
            }
            try StandardStream.output.write(line)
        } else {
            let missing = status.isComplete ? "none" : status.missing
            try StandardStream.output.write(
                "groups      \(status.finishedCount) of \(status.groupCount) done\nmissing     \(missing)\n"
            )
        }
        if !status.isComplete { ExitStatus.failed.end() }
    }
}

/// `simile verify --job DIR`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a job: all bytes of its inputs, every group's checksum, and some rows computed again."
    )

    @Option(help: "Folder of the job.") var job: String
    @Option(parsing: .unconditional, help: "Groups of which some rows are computed again.") var recompute: Int = 4
    @OptionGroup var running: RunningOptions

    mutating func validate() throws {
        if recompute < 0 { throw ValidationError("--recompute is \(recompute); it must not be negative") }
    }

    mutating func run() async throws {
        try reporting {
            let job = try opened(job)
            let progress = running.progress("verifying", total: Double(job.leftRowCount), unit: "rows")
            defer { progress.finish() }
            let count = try job.verify(recomputing: recompute, options: running.runOptions(progress))
            progress.finish()
            running.tell("inputs and \(count) groups are as they should be")
        }
    }
}

/// `simile merge --job DIR`
struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Write the result of a job whose groups are all done."
    )

    @Option(help: "Folder of the job.") var job: String
    @Flag(help: "Only errors on standard error.") var quiet = false
    @Option(help: "Progress on standard error.") var progress: ProgressStyle = .auto

    mutating func run() async throws {
        let run = try ResultRun(nil)
        try reporting {
            let job = try opened(job)
            let progress = Progress(
                "merging",
                total: Double(job.leftRowCount),
                unit: "rows",
                style: progress,
                isQuiet: quiet
            )
            defer { progress.finish() }
            try job.merge(options: RunOptions(cancellation: Interruption.flag) { progress.update($0) })
            progress.finish()
            run.record(
                job.output,
                [("job", .text(self.job)), ("groups", .count(try job.status().groupCount))],
                inputs: job.recordedInputs
            )
            if !quiet { StandardStream.error.print("simile: \(job.leftRowCount) rows -> \(job.output)\n") }
        }
    }
}

/// Opens a job whose unfinished files are removed if the process must end.
private func opened(_ folder: String) throws -> Job {
    var job = try Job(in: folder)
    job.temporaryFiles = Interruption.temporaryFiles
    return job
}

/// Runs `body`; errors of jobs become failures with exit codes.
private func reporting<R>(_ body: () throws -> R) throws -> R {
    do {
        return try body()
    } catch let error as JobError {
        throw error.asFailure
    }
}

/// `3/16`: a part and how many there are, as the command line and schedulers name it.
struct PartName: ExpressibleByArgument {
    let index: Int
    let count: Int
    /// Why, if it is not said on the command line, e.g. `SLURM_ARRAY_TASK_ID is 3`.
    let source: String?

    init(index: Int, count: Int, source: String? = nil) {
        self.index = index
        self.count = count
        self.source = source
    }

    init?(argument: String) {
        let fields = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard fields.count == 2, let index = Int(fields[0]), let count = Int(fields[1]) else { return nil }
        self.init(index: index, count: count)
    }

    /// What a scheduler says; nil if there is none.
    static func ofEnvironment(count planned: Int) throws -> PartName? {
        func number(_ name: String) throws -> Int? {
            guard let text = Environment.value(name), !text.isEmpty else { return nil }
            guard let number = Int(text), number >= 0 else {
                throw CommandFailure.usage("\(name) is '\(text)'; expected a number from 0 on")
            }
            return number
        }
        for name in ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "OMPI_COMM_WORLD_RANK"] {
            if let index = try number(name) {
                let given = try number("SIMILE_PART_COUNT")
                let source =
                    "\(name) is \(index), \(given.map { "SIMILE_PART_COUNT is \($0)" } ?? "the job is planned for \(planned)")"
                return PartName(index: index, count: given ?? planned, source: source)
            }
        }
        return nil
    }
}
