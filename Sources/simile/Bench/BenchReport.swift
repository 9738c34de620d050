// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import StrictJSON
internal import System
internal import VectorFiles

/// What the reports of all measurements share.
enum BenchReport {
    /// The processor, the BLAS and what they may use.
    static func writeMachine(_ machine: inout JSONWriter) {
        machine.field("cpu", processorName ?? "unknown")
        machine.field("blas", SimilarityRuntime.blasConfiguration)
        machine.field("core", SimilarityRuntime.blasCore)
        machine.field("blasThreads", SimilarityRuntime.blasThreadCount)
        machine.field("isa", KernelLevel.current.permitted.name)
        machine.field("processors", Workers.available.count)
    }

    static func write(memory used: (before: Int, peak: Int)?, to report: inout JSONWriter) {
        guard let used else { return }
        report.field(
            "memory",
            object: { memory in
                memory.field("before", used.before)
                memory.field("peak", used.peak)
                memory.field("extra", used.peak - used.before)
            }
        )
    }

    static func seconds(_ value: Double) -> JSONNumber { JSONNumber(Quantity.fixed(value, 6)) }

    static func gigaflops(_ flops: Double, in seconds: Double) -> JSONNumber {
        JSONNumber(Quantity.fixed(flops / seconds / 1e9, 2))
    }

    /// The middle value, or the mean of the middle two; nil of nothing.
    static func median(_ values: [Double]) -> Double? {
        if values.isEmpty { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// The counters of one or more calls, added up.
struct CounterTotal {
    let pairs, filtered, verdicts: Int
    let engine: Engine

    /// The engine is that of the first call; there is at least one.
    init(_ calls: [RunCounters]) {
        pairs = calls.reduce(0) { $0 + $1.pairs }
        filtered = calls.reduce(0) { $0 + $1.filtered }
        verdicts = calls.reduce(0) { $0 + $1.verdicts }
        engine = calls[0].engine
    }

    func write(to report: inout JSONWriter) {
        report.field("pairs", pairs)
        report.field("filtered", filtered)
        report.field("verdicts", verdicts)
        report.field("engine", engine.name)
    }
}

/// The seconds that something takes.
func measureSeconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
}
