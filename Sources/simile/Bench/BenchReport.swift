// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import StrictJSON
internal import System
internal import VectorFiles

/// What the reports of all measurements share.
enum BenchReport {
    /// An object on one line; fields without a value are left out.
    static func object(_ fields: [(name: String, value: String?)]) -> String {
        "{" + fields.compactMap { field in field.value.map { "\"\(field.name)\":\($0)" } }.joined(separator: ",") + "}"
    }

    static func list(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }

    /// The processor, the BLAS and what they may use.
    static var machine: String {
        object([
            ("cpu", JSONText.of(processorName ?? "unknown")),
            ("blas", BLAS.configuration.map { JSONText.of($0) } ?? "null"),
            ("core", BLAS.core.map { JSONText.of($0) } ?? "null"),
            ("blasThreads", "\(BLAS.threadCount)"),
            ("isa", "\"\(KernelLevel.current.permitted.name)\""),
            ("processors", "\(Workers.available.count)"),
        ])
    }

    static func memory(_ used: (before: Int, peak: Int)) -> String {
        object([("before", "\(used.before)"), ("peak", "\(used.peak)"), ("extra", "\(used.peak - used.before)")])
    }

    static func seconds(_ value: Double) -> String { Quantity.fixed(value, 6) }

    static func gigaflops(_ flops: Double, in seconds: Double) -> String { Quantity.fixed(flops / seconds / 1e9, 2) }

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

    var json: String {
        BenchReport.object([
            ("pairs", "\(pairs)"), ("filtered", "\(filtered)"), ("verdicts", "\(verdicts)"),
            ("engine", "\"\(engine)\""),
        ])
    }
}

/// The seconds that something takes.
func measureSeconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
}
