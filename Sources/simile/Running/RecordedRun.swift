// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityJobs
internal import SimilarityKernels
internal import Synchronization
internal import System
internal import VectorFiles

/// A run whose result gets a record beside it: remembers when it began and what the engine saw.
final class RecordedRun: Sendable {
    private let running: RunningOptions?
    private let start = ContinuousClock.now
    private let seen = Mutex<[String]>([])

    /// - Parameter running: nil for a command that computes nothing.
    init(_ running: RunningOptions?) { self.running = running }

    /// Time since the run began.
    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// The same options, whose explanations are kept for the record as well.
    func watching(_ options: RunOptions) -> RunOptions {
        var options = options
        let tell = options.explain
        options.explain = { [self] line in
            seen.withLock { $0.append(line) }
            tell?(line)
        }
        return options
    }

    /// An input for the record.
    func input(_ role: String, _ path: String, _ set: InputSet) throws -> RunRecord.Input {
        let count = set.vectors.rowCount
        return try RunRecord.Input(
            role: role,
            path: InputSpool.named(path),
            file: path,
            rows: count,
            skippedRows: running?.skipInvalid == true ? count - set.vectors.validRows().count : 0
        )
    }

    /// Writes the record. A result is no worse without one, so that a record that cannot be written is only told of; and a result
    /// that is no file, such as `/dev/null`, has none.
    ///
    /// - Parameter results: What there is to count, e.g. pairs.
    func write(
        beside output: String,
        inputs: [RunRecord.Input],
        results: [(key: String, value: RunRecord.Fact)],
        counters: RunCounters? = nil
    ) {
        let file = finished(beside: output, inputs: inputs, results: results, counters: counters)
        _ = telling { try file?.publish() }
    }

    /// The same, to be published together with the result; nil for one that has no record, or whose record cannot be written.
    func finished(
        beside output: String,
        inputs: [RunRecord.Input],
        results: [(key: String, value: RunRecord.Fact)],
        counters: RunCounters? = nil
    ) -> AtomicFile? {
        guard !SpooledFile.isStream(output) else { return nil }
        var facts: [(key: String, value: RunRecord.Fact)] = [
            ("version", .text(Simile.version)),
            ("command", .texts(["simile"] + FileName.arguments)),
        ]
        facts += results
        facts.append(("seconds", .number(Double(Int(seconds * 1000)) / 1000)))
        if let counters {
            facts += [
                ("engine", .text(counters.engine.rawValue)), ("pairsDecided", .count(counters.pairs)),
                ("filtered", .count(counters.filtered)), ("verdicts", .count(counters.verdicts)),
            ]
        }
        if let running {
            facts += [
                ("plan", .texts(seen.withLock { $0 })),
                ("isa", .text(KernelLevel.current.permitted.name)),
                ("gemm", .text(GEMM.preferred.description)),
                ("blas", .text(BLAS.shortConfiguration)),
                ("core", .text(BLAS.core)),
                ("cpu", .text(processorName)),
                ("threads", .count(running.workers.count)),
                ("threadsFrom", .text(running.workersSource)),
            ]
        }
        return telling {
            try RunRecord(inputs: inputs, facts: facts).finished(
                beside: output,
                registeredIn: Interruption.temporaryFiles
            )
        }
    }

    private func telling<R>(_ body: () throws -> R?) -> R? {
        do {
            return try body()
        } catch {
            let message = "warning: the result is whole, but its record could not be written: \(error)"
            if let running { running.tell(message) } else { StandardStream.error.print("simile: \(message)\n") }
            return nil
        }
    }
}

extension BLAS {
    /// `OpenBLAS 0.3.21`, without its build options.
    static var shortConfiguration: String? {
        configuration.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    }
}
