// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Similarity
internal import SimilarityKernels
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Times a search beside the bare work under it, alternating.
struct SearchBench {
    let queries: VectorMatrix
    let corpus: VectorMatrix
    let k: Int
    let metric: Metric
    let options: RunOptions
    let runs: Int

    func run() throws -> SearchBenchReport {
        let plan =
            options.tilePlan ?? .planned(queryCount: queries.rowCount, dimension: queries.dimension)
        let memory = MemorySampler()
        let first = try corpus.nearest(to: queries, k: k, metric: metric, options: options)
        let used = memory.stop()
        _ = bare(plan)
        var measured: [SearchBenchReport.Run] = []
        for _ in 0..<runs {
            try Interruption.flag.check()
            let clock = ContinuousClock()
            let search = try clock.measure {
                let found = try corpus.nearest(to: queries, k: k, metric: metric, options: options)
                precondition(found.rows == first.rows && found.scores == first.scores, "two runs, two results")
            }
            let floor = clock.measure { precondition(!bare(plan).isNaN, "the bare product is not a number") }
            measured.append(.init(seconds: search / .seconds(1), bareSeconds: floor / .seconds(1)))
        }
        return SearchBenchReport(bench: self, plan: plan, counters: first.counters, memory: used, runs: measured)
    }

    private func bare(_ plan: TilePlan) -> Float {
        BareSweep.run(
            queries: queries.storage,
            corpus: corpus.storage,
            tileQueries: plan.queries,
            tileRows: plan.rows,
            tilesPerSegment: plan.tilesPerSegment,
            workers: options.workers.count
        )
    }
}

/// Samples the unshared memory of the process from a thread of its own.
final class MemorySampler: Sendable {
    private let before = SystemMemory.unshared ?? 0
    private let peak = Mutex(0)
    private let isStopped = Atomic<Bool>(false)

    init() {
        DispatchQueue.global(qos: .userInteractive).async { [self] in
            while !isStopped.load(ordering: .relaxed) {
                sample()
                usleep(2000)
            }
        }
    }

    /// Bytes at the start and at the highest sample.
    func stop() -> (before: Int, peak: Int) {
        sample()
        isStopped.store(true, ordering: .relaxed)
        return (before, peak.withLock { $0 })
    }

    private func sample() {
        let now = SystemMemory.unshared ?? 0
        peak.withLock { $0 = max($0, now) }
    }
}
