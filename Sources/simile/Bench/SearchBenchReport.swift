// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import StrictJSON
internal import VectorFiles

/// What a measurement of search found, and on what.
struct SearchBenchReport {
    struct Run {
        let seconds: Double
        let perQuery: Double?
        let bareSeconds: Double?
        let ratio: Double?

        init(seconds: Double, perQuery: Double?, bareSeconds: Double?, ratio: Double? = nil) {
            self.seconds = seconds
            self.perQuery = perQuery
            self.bareSeconds = bareSeconds
            self.ratio = ratio ?? bareSeconds.map { seconds / $0 }
        }
    }

    let bench: SearchBench
    let plan: TilePlan
    let prepareSeconds: Double?
    let counters: CounterTotal
    let digest: ResultDigest
    let memory: (before: Int, peak: Int)?
    let runs: [Run]

    /// One JSON object on one line.
    var json: [UInt8] {
        let isRead = BareSweep.isRead(queryCount: bench.isOneByOne ? 1 : bench.queries.rowCount)
        let bare =
            isRead ? "read of the corpus" : GEMM.preferred == .openBLAS ? "cblas_sgemm" : "\(GEMM.preferred) gemm"
        return JSONWriter.line { report in
            report.field("benchmark", "search")
            report.field("queries", bench.queries.rowCount)
            report.field("rows", bench.corpus.rowCount)
            report.field("dimension", bench.corpus.dimension)
            report.field("k", bench.k)
            report.field("metric", bench.metric.rawValue)
            report.field("self", bench.isSelf)
            report.field("oneByOne", bench.isOneByOne)
            report.field("prepared", bench.isPrepared)
            report.field("engine", counters.engine.name)
            report.field("threads", bench.options.workers.count)
            report.field("tile", "\(plan)")
            report.field("bare", ifAny: bench.hasBare ? bare : nil)
            report.field("prepareSeconds", ifAny: prepareSeconds.map(BenchReport.seconds))
            report.field("runs", array: { list in for run in runs { list.object { write(run, to: &$0) } } })
            report.field("median", object: { write(median, to: &$0) })
            BenchReport.write(memory: memory, to: &report)
            report.field("machine", object: { BenchReport.writeMachine(&$0) })
            report.field("digest", "\(digest)")
            report.field("counters", object: { counters.write(to: &$0) })
        }
    }

    /// The median of each column.
    private var median: Run {
        Run(
            seconds: BenchReport.median(runs.map(\.seconds)) ?? 0,
            perQuery: BenchReport.median(runs.compactMap(\.perQuery)),
            bareSeconds: BenchReport.median(runs.compactMap(\.bareSeconds)),
            ratio: BenchReport.median(runs.compactMap(\.ratio))
        )
    }

    private func write(_ run: Run, to object: inout JSONWriter) {
        let (m, n, d) = (bench.queries.rowCount, bench.corpus.rowCount, bench.corpus.dimension)
        let flops = 2 * Double(m) * Double(n) * Double(d)
        object.field("seconds", BenchReport.seconds(run.seconds))
        // Nanoseconds, since a call may be short.
        object.field("perQuery", ifAny: run.perQuery.map { JSONNumber(Quantity.fixed($0, 9)) })
        object.field("gflops", BenchReport.gigaflops(flops, in: run.seconds))
        object.field("bareSeconds", ifAny: run.bareSeconds.map(BenchReport.seconds))
        object.field("bareGflops", ifAny: run.bareSeconds.map { BenchReport.gigaflops(flops, in: $0) })
        object.field("ratio", ifAny: run.ratio.map { JSONNumber(Quantity.fixed($0, 4)) })
    }
}
