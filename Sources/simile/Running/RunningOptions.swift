// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Similarity
internal import Synchronization
internal import System
internal import VectorFiles

extension Metric: ExpressibleByArgument {}

extension Engine: ExpressibleByArgument {
    /// The engine of a name.
    public init?(argument: String) { self.init(name: argument) }

    /// The names of all engines, in this build or not.
    public static var allValueStrings: [String] { all.map(\.name) }
}

/// What every command that computes understands.
struct RunningOptions: ParsableArguments {
    @Option(help: "Filter in front of the verdict; results are the same bytes with each.")
    var engine: Engine = .auto

    @Option(
        parsing: .unconditional,
        help: "Threads, at most what the machine allows. (default: what the affinity mask and the CPU quota allow)"
    )
    var threads: Int?

    @Option(help: "Refuse a result that needs more memory than this, e.g. 2GiB. (default: 80 % of what is available)")
    var memory: MemorySize?

    @Flag(help: "Leave out blank texts and rows with a NaN, an infinity or a norm above 1e19.")
    var skipInvalid = false

    @Flag(help: "Tell on standard error what the engine 'auto' saw and chose.")
    var explain = false

    @Flag(help: "Only errors on standard error.")
    var quiet = false

    @Option(help: "Progress on standard error.")
    var progress: ProgressStyle = .auto

    mutating func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); it must be at least 1") }
        switch engine {
        case .blas where !Engine.available.contains(.blas):
            throw ValidationError("the engine 'blas' is not in this build, which was made without the trait OpenBLAS")
        default: break
        }
    }

    /// The smallest of `--threads`, the affinity mask and the control group's quota.
    var workers: Workers { Workers(count: min(threads ?? .max, Workers.available.count)) }

    /// Which of them it was.
    var workersSource: String {
        let allowed = min(Workers.affinity, Workers.quota ?? .max)
        if let threads, threads <= allowed { return "--threads" }
        return Workers.affinity <= allowed ? "affinity mask" : "cgroup quota"
    }

    /// What a pair of a join takes until it is written, as measured: 24 bytes in its block, 24 in the result, and what arrays have in reserve while they
    /// grow.
    static let bytesPerPair = 66.0
    /// The same with the graph that groups are found in, and their lists.
    static let bytesPerGroupedPair = 100.0

    /// Options of the library for an operation whose progress is shown.
    func runOptions(_ progress: Progress? = nil, bytesPerPair: Double = Self.bytesPerPair) -> RunOptions {
        var options = RunOptions(
            engine: engine,
            workers: workers,
            invalidRows: skipInvalid ? .skip : .reject,
            cancellation: Interruption.flag
        )
        if explain {
            // Once: a benchmark plans anew in every run.
            let said = Mutex<Set<String>>([])
            options.plan = { plan in
                for line in plan.lines where said.withLock({ $0.insert(line).inserted }) {
                    StandardStream.error.print("simile: \(line)\n")
                }
            }
        }
        if let progress { options.progress = { (step: RunProgress) in progress.update(step) } }
        if let memoryLimit {
            options.pairLimit = Int(min(memoryLimit / bytesPerPair, 0x1p62))
            options.memoryLimit = Int(min(memoryLimit * 0.8, 0x1p62))
        }
        return options
    }

    /// Progress of an operation of `total` units.
    func progress(_ title: String, total: Double, unit: String) -> Progress {
        Progress(title, total: total, unit: unit, style: progress, isQuiet: quiet)
    }

    /// Runs `body`, which writes a result of `total` units, with progress of its own and an end when it is interrupted: `body` gets what
    /// it is to call with the units that are written.
    func writing(_ total: Int, unit: String, _ body: ((Int) throws -> Void) throws -> Void) throws {
        let progress = progress("writing", total: Double(total), unit: unit)
        defer { progress.finish() }
        try body { count in
            try Interruption.flag.check()
            progress.update(total > 0 ? Double(count) / Double(total) : 1)
        }
    }

    /// A message for the person who runs the command.
    func tell(_ message: String) {
        if !quiet { StandardStream.error.print("simile: \(InputSpool.named(message))\n") }
    }

    /// Says what is lost where float64 components are rounded, if anything is.
    func tellOfRounding(_ vectors: VectorMatrix, _ path: String) throws {
        guard let loss = try vectors.roundingLoss(workers: workers, cancellation: Interruption.flag),
            loss.changedComponents > 0
        else { return }
        let total = vectors.rowCount * vectors.dimension
        tell(
            "\(path): \(loss.type) is rounded to float32: \(loss.changedComponents) of \(total) components change, by at most "
                + "\(Float(loss.largestRelativeChange)) of their value"
        )
        guard loss.mergedRows > 0 else { return }
        let rows = loss.mergedRows == 1 ? "1 row that differs" : "\(loss.mergedRows) rows that differ"
        tell(
            "warning: \(path): \(rows) from an earlier row in \(loss.type) cannot be told from it any more; subtract the mean of each "
                + "column, and scale, before the vectors are written"
        )
    }

    /// Tells of rows that are all zero in a file of halves and were not.
    func tellOfVanished(_ writer: VectorFileWriter) {
        guard writer.vanishedRowCount > 0 else { return }
        let rows = writer.vanishedRowCount == 1 ? "1 row is" : "\(writer.vanishedRowCount) rows are"
        tell(
            "warning: \(writer.path): \(rows) zero now: the components are too small for float16, below 3e-8; scale the vectors first"
        )
    }

    /// Bytes that a result may take: `--memory`, or most of what is available now; nil if nobody knows.
    var memoryLimit: Double? { memoryBudget?.bytes }

    /// The same, and where the number came from.
    var memoryBudget: (bytes: Double, source: String)? {
        if let memory { return (Double(memory.bytes), "--memory") }
        return MemoryBudget.current.map { (Double($0.byteCount) * 0.8, "80 % of \($0.source)") }
    }

    /// Refuses a result that would not fit.
    func requireMemory(_ bytes: Double, for what: String, instead: String) throws {
        guard let budget = memoryBudget, bytes > budget.bytes else { return }
        throw CommandFailure.failed(
            "\(what) takes \(Quantity.short(bytes))B of memory, and \(Quantity.short(budget.bytes))B may be used "
                + "(\(budget.source); --memory sets it); \(instead)"
        )
    }
}
