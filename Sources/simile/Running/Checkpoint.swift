// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityJobs
internal import System
internal import VectorFiles

/// A search or a join that keeps what it has done beside its result, as a job in the folder `RESULT.job`, and goes on with it.
struct Checkpoint {
    let folder: String
    private let request: JobRequest
    private let running: RunningOptions
    /// How a run that was stopped is gone on with.
    private let nextStep: String

    /// - Throws: ``CommandFailure`` if an input is not a file that the next run finds again.
    init(_ request: JobRequest, _ running: RunningOptions) throws {
        self.init(request, running, folder: Self.folder(of: request.output), nextStep: "--resume goes on")
        for path in [request.left] + [request.right].compactMap({ $0 }) where InputSpool.named(path) != path {
            throw CommandFailure.usage(
                "--resume needs inputs that are there again: \(InputSpool.named(path)) is a pipe, or is expanded anew by every run; "
                    + "'simile convert' makes a vector file of it"
            )
        }
    }

    private init(_ request: JobRequest, _ running: RunningOptions, folder: String, nextStep: String) {
        self.folder = folder
        self.request = request
        self.running = running
        self.nextStep = nextStep
    }

    /// What does a join in groups whose pairs do not fit the memory: in a folder that is free, or that holds what this command has done.
    static func ofLargeJoin(_ request: JobRequest, _ running: RunningOptions) -> Checkpoint {
        let names = [Self.folder(of: request.output)] + (1...999).map { "\(Self.folder(of: request.output)).\($0)" }
        let usable = names.first { name in
            guard FileIdentity(path: name) != nil else { return true }
            return (try? Job(in: name))?.isFor(request) == true
        }
        return Checkpoint(
            request,
            running,
            folder: usable ?? names[0],
            nextStep: "the same command goes on"
        )
    }

    private static func folder(of output: String) -> String { output + ".job" }

    /// Says that there is a checkpoint which is not used, if there is one.
    ///
    /// - Parameter large: The join that would go on with it if its pairs did not fit the memory.
    static func tellOfStale(_ output: String?, _ running: RunningOptions, large: JobRequest? = nil) {
        guard let output, FileIdentity(path: folder(of: output) + "/manifest.json") != nil else { return }
        let isOfLarge = large.map { (try? Job(in: folder(of: output)))?.isFor($0) == true } ?? false
        let use = isOfLarge ? "it is used if the pairs do not fit the memory" : "it is not used"
        running.tell(
            "\(folder(of: output)) holds what an earlier run has done; \(use): --resume goes on with it, and removes it at the end"
        )
    }

    /// Does what is left, writes the result and removes the checkpoint.
    func run() throws {
        let run = try ResultRun(running)
        var request = request
        request.skipsInvalidRows = running.skipInvalid
        let options = run.watching(running.runOptions())
        do {
            guard let lock = try Job.hold(folder) else {
                throw CommandFailure.failed(
                    "another process is at work in \(folder), or has just ended its work; it needs no help from this one"
                )
            }
            defer {
                Job.giveUp(folder)
                withExtendedLifetime(lock) {}
            }
            let isNew = FileIdentity(path: folder + "/manifest.json") == nil
            var job = isNew ? try Job.plan(request, in: folder, options: options).job : try Job(in: folder)
            job.temporaryFiles = Interruption.temporaryFiles
            guard isNew || job.isFor(request) else {
                throw CommandFailure.usage(
                    "\(folder) holds what another command has done; expected this one, or remove the folder"
                )
            }
            let before = try job.status()
            if !isNew { running.tell("going on: \(before.finishedCount) of \(before.groupCount) groups are done") }
            let pairs = Double(job.leftRowCount) * Double(job.rightRowCount)
            let progress = running.progress(job.kind.participle, total: pairs, unit: "pairs")
            defer { progress.finish() }
            do {
                var options = options
                options.progress = { progress.update($0) }
                try job.run(options: options)
            } catch is CancellationError {
                progress.finish()
                let status = try job.status()
                running.tell(
                    "stopped; \(status.finishedCount) of \(status.groupCount) groups are kept in \(folder); \(nextStep)"
                )
                throw CancellationError()
            }
            try job.merge(options: RunOptions(cancellation: Interruption.flag))
            run.record(
                request.output,
                [("groups", .count(before.groupCount)), ("groupsOfEarlierRuns", .count(before.finishedCount))],
                inputs: job.recordedInputs
            )
            try job.remove()
            let seconds = Quantity.seconds(run.seconds)
            running.tell("\(job.leftRowCount) rows -> \(request.output) (\(seconds), in \(before.groupCount) groups)")
        } catch let error as JobError {
            throw error.asFailure
        } catch let error as SimilarityError where error.code == .tooLarge {
            if let job = try? Job(in: folder), try job.status().finishedCount == 0 { try job.remove() }
            throw CommandFailure.failed(
                "\(error.description), of some rows alone; ask for a stricter threshold, or give it more --memory"
            )
        }
    }
}

extension JobKind {
    /// What is being done, for a person.
    fileprivate var participle: String { k == nil ? "joining" : "searching" }
}
