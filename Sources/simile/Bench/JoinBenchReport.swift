// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON

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
    var json: [UInt8] {
        JSONWriter.line { report in
            report.field("benchmark", "join")
            report.field("leftRows", bench.left.rowCount)
            report.field("rightRows", (bench.right ?? bench.left).rowCount)
            report.field("dimension", bench.left.dimension)
            report.field("threshold", bench.threshold)
            report.field("metric", bench.metric.rawValue)
            report.field("self", bench.right == nil)
            report.field("prepared", bench.isPrepared)
            report.field("engine", counters.engine.name)
            report.field("threads", bench.options.workers.count)
            report.field("prepareSeconds", ifAny: prepareSeconds.map(BenchReport.seconds))
            report.field("runs", array: { list in for run in runs { list.object { write(run, to: &$0) } } })
            report.field("median", object: { write(BenchReport.median(runs) ?? 0, to: &$0) })
            report.field("found", found)
            BenchReport.write(memory: memory, to: &report)
            report.field("machine", object: { BenchReport.writeMachine(&$0) })
            report.field("digest", "\(digest)")
            report.field("counters", object: { counters.write(to: &$0) })
        }
    }

    private func write(_ seconds: Double, to run: inout JSONWriter) {
        let flops = 2 * Double(counters.pairs) * Double(bench.left.dimension)
        run.field("seconds", BenchReport.seconds(seconds))
        run.field("gflops", BenchReport.gigaflops(flops, in: seconds))
    }
}
