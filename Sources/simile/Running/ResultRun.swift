// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import Synchronization
internal import System
internal import VectorFiles

/// One run of a command that leaves results behind, from the look at what it is to read and to write to the record beside each result.
///
/// An output that is an input, or another output, is refused before the work begins. Inputs are noted as they are read; they must be what
/// they were when the work is done, and stand in the records.
final class ResultRun: Sendable {
    /// What the files of an input are called in a record.
    private struct Source: Sendable {
        let role: String
        let path: String
        let set: InputSet
    }

    private let running: RunningOptions?
    private let start = ContinuousClock.now
    private let seen = Mutex<[String]>([])
    private let sources = Mutex<[Source]>([])

    /// - Parameters:
    ///   - running: nil for a command that computes nothing.
    ///   - outputs: What is given for each option that names an output.
    ///   - inputs: Paths of what is read, as far as it is given.
    init(_ running: RunningOptions?, writes outputs: [PlannedOutput] = [], reads inputs: [String?] = []) throws {
        self.running = running
        try PlannedOutput.requireDistinct(outputs, from: inputs.compactMap { $0 })
    }

    /// Time since the run began.
    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// The same options, whose explanations are kept for the record as well.
    func watching(_ options: RunOptions) -> RunOptions {
        var options = options
        let tell = options.plan
        options.plan = { [self] plan in
            seen.withLock { $0 += plan.lines }
            tell?(plan)
        }
        return options
    }

    // MARK: Inputs

    /// Notes an input that has been read, and gives it back.
    ///
    /// - Parameter path: nil for one that is not given, which is not noted.
    @discardableResult
    func noting(_ role: String, _ path: String?, _ set: InputSet) -> InputSet {
        if let path { sources.withLock { $0.append(Source(role: role, path: path, set: set)) } }
        return set
    }

    /// Refuses inputs that have been written to since they were read.
    func requireUnchanged() throws {
        for source in sources.withLock({ $0 }) { try source.set.requireUnchanged() }
    }

    /// The inputs for a record, with their checksums.
    private func inputs() throws -> [RunRecord.Input] {
        try sources.withLock { $0 }.map { source in
            let count = source.set.vectors.rowCount
            return try RunRecord.Input(
                role: source.role,
                path: InputSpool.named(source.path),
                file: source.path,
                rows: count,
                skippedRows: running?.skipInvalid == true ? count - source.set.vectors.validRows().count : 0
            )
        }
    }

    // MARK: The record

    /// Writes the record of a result. A result is no worse without one, so that a record that cannot be written is only told of; and a
    /// result that is no file, such as `/dev/null`, has none.
    ///
    /// - Parameters:
    ///   - output: The result; nil for one that is not asked for.
    ///   - facts: What there is to count, e.g. pairs.
    ///   - inputs: nil for those that have been noted.
    ///   - isBound: Whether the record names the checksum of the result, which is read for it: for results that are inputs of other runs.
    func record(
        _ output: String?,
        _ facts: [(key: String, value: RunRecord.Fact)],
        inputs: [RunRecord.Input]? = nil,
        counters: RunCounters? = nil,
        isBound: Bool = false
    ) {
        guard let output else { return }
        let facts = facts + (isBound ? SourceRecord.binding(output) : [])
        let file = finishedRecord(output, facts, inputs: inputs, counters: counters)
        _ = telling { try file?.publish() }
    }

    /// The same, to be published together with the result; nil for one that has no record, or whose record cannot be written.
    func finishedRecord(
        _ output: String,
        _ facts: [(key: String, value: RunRecord.Fact)],
        inputs: [RunRecord.Input]? = nil,
        counters: RunCounters? = nil
    ) -> AtomicFile? {
        guard !SpooledFile.isStream(output) else { return nil }
        var all: [(key: String, value: RunRecord.Fact)] = [
            ("version", .text(Simile.version)),
            ("command", .texts(["simile"] + FileName.arguments)),
        ]
        all += facts
        all.append(("seconds", .number(Double(Int(seconds * 1000)) / 1000)))
        if let counters {
            all += [
                ("engine", .text(counters.engine.name)), ("pairsDecided", .count(counters.pairs)),
                ("filtered", .count(counters.filtered)), ("verdicts", .count(counters.verdicts)),
            ]
        }
        if let running { all += [("plan", .texts(seen.withLock { $0 }))] + running.machineFacts }
        return telling {
            try RunRecord(inputs: inputs ?? self.inputs(), facts: all).finished(
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
