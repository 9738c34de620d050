// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// What a measurement of a join found, and on what.
struct JoinBenchReport {
    let bench: JoinBench
    let prepareSeconds: Double?
    let found: Int
    let counters: CounterTotal
    let digest: ResultDigest
    let memory: (before: Int, peak: Int)?
    let runs: [Double]

    /// One JSON object on one line.
    var json: String {
        return BenchReport.object([
            ("benchmark", "\"join\""), ("leftRows", "\(bench.left.rowCount)"),
            ("rightRows", "\((bench.right ?? bench.left).rowCount)"), ("dimension", "\(bench.left.dimension)"),
            ("threshold", "\(bench.threshold)"), ("metric", "\"\(bench.metric)\""), ("self", "\(bench.right == nil)"),
            ("prepared", "\(bench.isPrepared)"), ("engine", "\"\(counters.engine)\""),
            ("threads", "\(bench.options.workers.count)"),
            ("prepareSeconds", prepareSeconds.map(BenchReport.seconds)),
            ("runs", BenchReport.list(runs.map(fields))),
            ("median", fields(BenchReport.median(runs) ?? 0)), ("found", "\(found)"),
            ("memory", memory.map(BenchReport.memory)), ("machine", BenchReport.machine), ("digest", "\"\(digest)\""),
            ("counters", counters.json),
        ])
    }

    private func fields(_ seconds: Double) -> String {
        let flops = 2 * Double(counters.pairs) * Double(bench.left.dimension)
        return BenchReport.object([
            ("seconds", BenchReport.seconds(seconds)), ("gflops", BenchReport.gigaflops(flops, in: seconds)),
        ])
    }
}
