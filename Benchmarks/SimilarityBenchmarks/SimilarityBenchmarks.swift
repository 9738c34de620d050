// SPDX-License-Identifier: Apache-2.0

// Small, fixed workloads for whoever changes a kernel or the tile walk: run them before and after. How Simile compares
// with others is what ../peers measures.
//
//     swift package --package-path Benchmarks benchmark
//     swift package --package-path Benchmarks benchmark --filter "kernel/.*"
//
// A name identifies a workload: operation/what/engine/shape.

import Benchmark
import Similarity

let benchmarks: @Sendable () -> Void = {
    // As the command line does: our workers call OpenBLAS, each with one thread.
    BLAS.useOneThread()
    unsafe Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput],
        warmupIterations: 1,
        maxDuration: .seconds(2),
        maxIterations: 200
    )
    kernelBenchmarks()
    searchBenchmarks()
    joinBenchmarks()
    fileBenchmarks()
}
