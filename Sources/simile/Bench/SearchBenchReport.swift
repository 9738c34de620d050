// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import VectorFiles

/// What a measurement of search found, and on what.
struct SearchBenchReport {
    struct Run {
        let seconds: Double
        let perQuery: Double?
        let bareSeconds: Double?
        var ratio: Double? { bareSeconds.map { seconds / $0 } }
    }

    let bench: SearchBench
    let plan: TilePlan
    let prepareSeconds: Double?
    let counters: CounterTotal
    let digest: ResultDigest
    let memory: (before: Int, peak: Int)?
    let runs: [Run]

    /// One JSON object on one line.
    var json: String {
        let isRead = BareSweep.isRead(queryCount: bench.isOneByOne ? 1 : bench.queries.rowCount)
        let bare =
            isRead ? "read of the corpus" : GEMM.preferred == .openBLAS ? "cblas_sgemm" : "\(GEMM.preferred) gemm"
        return BenchReport.object([
            ("benchmark", "\"search\""), ("queries", "\(bench.queries.rowCount)"), ("rows", "\(bench.corpus.rowCount)"),
            ("dimension", "\(bench.corpus.dimension)"), ("k", "\(bench.k)"), ("metric", "\"\(bench.metric)\""),
            ("self", "\(bench.isSelf)"), ("oneByOne", "\(bench.isOneByOne)"), ("prepared", "\(bench.isPrepared)"),
            ("engine", "\"\(counters.engine)\""), ("threads", "\(bench.options.workers.count)"),
            ("tile", "\"\(plan)\""), ("bare", bench.hasBare ? "\"\(bare)\"" : nil),
            ("prepareSeconds", prepareSeconds.map(BenchReport.seconds)),
            ("runs", BenchReport.list(runs.map { fields($0.seconds, $0.perQuery, $0.bareSeconds, $0.ratio) })),
            (
                "median",
                fields(
                    BenchReport.median(runs.map(\.seconds)) ?? 0,
                    BenchReport.median(runs.compactMap(\.perQuery)),
                    BenchReport.median(runs.compactMap(\.bareSeconds)),
                    BenchReport.median(runs.compactMap(\.ratio))
                )
            ),
            ("memory", memory.map(BenchReport.memory)), ("machine", BenchReport.machine), ("digest", "\"\(digest)\""),
            ("counters", counters.json),
        ])
    }

    private func fields(_ seconds: Double, _ perQuery: Double?, _ bareSeconds: Double?, _ ratio: Double?) -> String {
        let (m, n, d) = (bench.queries.rowCount, bench.corpus.rowCount, bench.corpus.dimension)
        let flops = 2 * Double(m) * Double(n) * Double(d)
        return BenchReport.object([
            ("seconds", BenchReport.seconds(seconds)),
            // Nanoseconds, since a call may be short.
            ("perQuery", perQuery.map { Quantity.fixed($0, 9) }),
            ("gflops", BenchReport.gigaflops(flops, in: seconds)),
            ("bareSeconds", bareSeconds.map(BenchReport.seconds)),
            ("bareGflops", bareSeconds.map { BenchReport.gigaflops(flops, in: $0) }),
            ("ratio", ratio.map { Quantity.fixed($0, 4) }),
        ])
    }
}
