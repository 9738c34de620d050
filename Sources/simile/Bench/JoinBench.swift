// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// Times a join.
struct JoinBench {
    let left: VectorMatrix
    /// Nil for a join of the left side with itself.
    let right: VectorMatrix?
    let threshold: Float
    let metric: Metric
    let isPrepared: Bool
    let options: RunOptions
    let runs: Int
    let warmup: Int

    func run() throws -> JoinBenchReport {
        let subject = try BenchSubject(left, metric: metric, isPrepared: isPrepared, options: options)
        var first: (digest: ResultDigest, found: Int, counters: CounterTotal)?
        var memory: (before: Int, peak: Int)?
        var measured: [Double] = []
        for i in 0..<warmup + runs {
            try Interruption.flag.check()
            let sampler = i == 0 && warmup > 0 ? MemorySampler() : nil
            var joined: Join?
            let seconds = try measureSeconds { joined = try join(subject) }
            if let sampler { memory = sampler.stop() }
            guard let joined else { preconditionFailure("a join without a result") }
            let digest = ResultDigest(joined)
            if first == nil { first = (digest, joined.pairs.count, CounterTotal([joined.counters])) }
            precondition(digest == first?.digest, "two runs, two results")
            if i >= warmup { measured.append(seconds) }
        }
        guard let first else { preconditionFailure("no run") }
        return JoinBenchReport(
            bench: self,
            prepareSeconds: subject.prepareSeconds,
            found: first.found,
            counters: first.counters,
            digest: first.digest,
            memory: memory,
            runs: measured
        )
    }

    private func join(_ subject: BenchSubject) throws -> Join {
        guard let right else { return Join(try subject.selfJoin(threshold)) }
        return try left.join(right, threshold: threshold, metric: metric, options: options)
    }
}
