// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels

/// Times a search beside the bare work under it, alternating.
struct SearchBench {
    let queries: VectorMatrix
    let corpus: VectorMatrix
    let k: Int
    let metric: Metric
    /// Whether the queries are the corpus, and rows are not to be found by themselves.
    let isSelf: Bool
    /// Whether each query is a call of its own.
    let isOneByOne: Bool
    /// Whether the bare work is measured.
    let hasBare: Bool
    let isPrepared: Bool
    let options: RunOptions
    let runs: Int
    let warmup: Int

    /// What one run found and how long each of its calls took.
    private struct Outcome {
        var found: [NearestNeighbors] = []
        var seconds: [Double] = []
    }

    func run() throws -> SearchBenchReport {
        let plan =
            options.tilePlan ?? .planned(queryCount: queries.rowCount, dimension: queries.dimension)
        // The queries of each call, taken apart before the clock starts.
        let calls = isOneByOne ? (0..<queries.rowCount).map { queries.selecting([$0]) } : [queries]
        let subject = try BenchSubject(corpus, metric: metric, isPrepared: isPrepared, options: options)
        var memory: (before: Int, peak: Int)?
        var first: (digest: ResultDigest, counters: CounterTotal)?
        var measured: [SearchBenchReport.Run] = []
        for i in 0..<warmup + runs {
            try Interruption.flag.check()
            // Sampled in an uncounted run only: the sampler takes time of its own.
            let sampler = i == 0 && warmup > 0 ? MemorySampler() : nil
            let outcome = try search(calls, in: subject)
            if let sampler { memory = sampler.stop() }
            let digest = ResultDigest(outcome.found)
            if first == nil { first = (digest, CounterTotal(outcome.found.map(\.counters))) }
            precondition(digest == first?.digest, "two runs, two results")
            let bareSeconds = hasBare ? bare(calls, plan) : nil
            if i < warmup { continue }
            measured.append(
                .init(
                    seconds: outcome.seconds.reduce(0, +),
                    perQuery: isOneByOne ? BenchReport.median(outcome.seconds) : nil,
                    bareSeconds: bareSeconds
                )
            )
        }
        guard let first else { preconditionFailure("no run") }
        return SearchBenchReport(
            bench: self,
            plan: plan,
            prepareSeconds: subject.prepareSeconds,
            counters: first.counters,
            digest: first.digest,
            memory: memory,
            runs: measured
        )
    }

    private func search(_ calls: [VectorMatrix], in subject: BenchSubject) throws -> Outcome {
        var outcome = Outcome()
        for call in calls {
            outcome.seconds.append(
                try measureSeconds { outcome.found.append(try subject.nearest(call, k, isSelf)) }
            )
        }
        return outcome
    }

    private func bare(_ calls: [VectorMatrix], _ plan: TilePlan) -> Double {
        measureSeconds {
            for call in calls {
                let sum = BareSweep.run(
                    queries: call.storage,
                    corpus: corpus.storage,
                    tileQueries: plan.queries,
                    tileRows: plan.rows,
                    tilesPerSegment: plan.tilesPerSegment,
                    workers: options.workers.count
                )
                precondition(!sum.isNaN, "the bare product is not a number")
            }
        }
    }
}
