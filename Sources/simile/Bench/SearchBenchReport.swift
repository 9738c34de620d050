// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import VectorFiles

/// What a measurement of search found, and on what.
struct SearchBenchReport {
    struct Run {
        let seconds: Double
        let bareSeconds: Double
        var ratio: Double { seconds / bareSeconds }
    }

    let bench: SearchBench
    let plan: TilePlan
    let counters: RunCounters
    let memory: (before: Int, peak: Int)
    let runs: [Run]

    /// One JSON object on one line.
    var json: String {
        let (m, n, d) = (bench.queries.rowCount, bench.corpus.rowCount, bench.queries.dimension)
        let isRead = BareSweep.isRead(queryCount: m)
        let bare = isRead ? "read of the corpus" : GEMM.preferred == .openBLAS ? "cblas_sgemm" : "simd gemm"
        let fields: [(String, String)] = [
            ("benchmark", "\"search\""), ("queries", "\(m)"), ("rows", "\(n)"), ("dimension", "\(d)"),
            ("k", "\(bench.k)"), ("metric", "\"\(bench.metric)\""), ("engine", "\"\(counters.engine)\""),
            ("threads", "\(bench.options.workers.count)"), ("tile", "\"\(plan)\""), ("bare", "\"\(bare)\""),
            ("runs", "[" + runs.map { run($0.seconds, $0.bareSeconds, $0.ratio) }.joined(separator: ",") + "]"),
            (
                "median",
                run(median(runs.map(\.seconds)), median(runs.map(\.bareSeconds)), median(runs.map(\.ratio)))
            ),
            (
                "memory",
                "{\"before\":\(memory.before),\"peak\":\(memory.peak),\"extra\":\(memory.peak - memory.before)}"
            ),
            ("machine", machine),
        ]
        return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + ",\(counters.jsonField)}"
    }

    private func run(_ seconds: Double, _ bareSeconds: Double, _ ratio: Double) -> String {
        let flops = 2 * Double(bench.queries.rowCount) * Double(bench.corpus.rowCount) * Double(bench.queries.dimension)
        return "{\"seconds\":\(Quantity.fixed(seconds, 6)),\"gflops\":\(Quantity.fixed(flops / seconds / 1e9, 2)),"
            + "\"bareSeconds\":\(Quantity.fixed(bareSeconds, 6)),"
            + "\"bareGflops\":\(Quantity.fixed(flops / bareSeconds / 1e9, 2)),\"ratio\":\(Quantity.fixed(ratio, 4))}"
    }

    private var machine: String {
        let blas = BLAS.configuration.map { JSONText.of($0) } ?? "null"
        return "{\"cpu\":\(JSONText.of(processorName ?? "unknown")),\"blas\":\(blas),"
            + "\"core\":\(BLAS.core.map { JSONText.of($0) } ?? "null"),\"blasThreads\":\(BLAS.threadCount),"
            + "\"isa\":\"\(KernelBackend.fastestVector.level)\","
            + "\"processors\":\(Workers.available.count)}"
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
