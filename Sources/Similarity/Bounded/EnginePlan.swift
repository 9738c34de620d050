// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// What ``Engine/auto`` chose, and what it saw: an estimate of the seconds of each way, from rates that were measured once
/// (two Zen 3 cores) and a sample of the data. Only ratios matter, and none of it changes a result.
struct EnginePlan {
    /// The engine, resolved.
    let engine: Engine
    /// Basis and prefix, if the engine is ``Engine/bounded``.
    let preparation: (spectrum: Spectrum, prefix: Int)?
    /// What was seen and chosen, for a person.
    let explanation: [String]

    /// Nanoseconds of one worker.
    private enum Cost {
        /// One multiply-add of `cblas_sgemm`.
        static let multiply = 2 / 75.0
        /// One multiply-add of codes, and what a pair costs besides.
        static let code = 2 / 240.0
        static let pair = 0.15
        /// One survivor of the first stage, put off and looked at again.
        static let survivor = 14.0
        /// Cuts are not what they will be in the end: survivors over those of a sample with the final cut.
        static let warmth = 2.0
        /// What a query costs in codes and verdicts, per dimension.
        static let query = 80.0
        /// One component of a row that is coded, beside its rotation.
        static let component = 4.0
        /// One cube of the dimension in the eigenproblem.
        static let eigen = 0.14
    }

    /// Jobs of fewer multiply-adds are over before a plan is made.
    static let smallestJob = 2e10
    /// The most that looking may cost, as a share of the matrix multiply.
    static let lookingShare = 0.04

    /// Plans a job of `queryCount` queries, or of a triangle.
    static func make(
        queries: RowStorage,
        corpus: RowStorage,
        metric: Metric,
        isTriangle: Bool,
        wanted: Wanted,
        options: RunOptions
    ) throws -> EnginePlan {
        let (m, n, d) = (Double(queries.rowCount), Double(corpus.rowCount), Double(corpus.dimension))
        let pairs = isTriangle ? n * (n - 1) / 2 : m * n
        let plain: Engine = GEMM.preferred == .openBLAS ? .blas : .simd
        var lines = ["\(plain): \(time(pairs * d * Cost.multiply, options))"]
        func fallBack(_ reason: String) -> EnginePlan {
            EnginePlan(engine: plain, preparation: nil, explanation: lines + ["chosen: \(plain) (\(reason))"])
        }
        guard pairs * d >= smallestJob else { return fallBack("a small job is not planned") }
        let sampled = Double(Spectrum.sample(corpus.rowCount, dimension: corpus.dimension).count)
        guard sampled * d <= pairs * lookingShare else { return fallBack("a look at the rows would cost too much") }
        guard corpus.rowCount <= Int(UInt32.max) else { return fallBack("too many rows for codes") }
        // Rows are read in the order of their groups, which a disk does not like.
        let bytes = n * d * Double(corpus.elementType.byteCount) + n * (d + 100)
        if let available = SystemMemory.available, bytes > 0.8 * Double(available) {
            return fallBack("rows and codes do not fit memory")
        }
        let moments = try Spectrum.Moments(of: corpus, options: options)
        let budget = pairs * d * Cost.multiply
        let eigen = moments.isUneven ? d * d * d * Cost.eigen : 0
        // Without a rotation all coordinates are coded; that needs no eigenproblem.
        let spectrum = try Spectrum(moments, decomposing: eigen < budget / 4)
        let prefixes = spectrum.candidatePrefixes
        let forecast = SurvivorForecast(
            queries: queries,
            corpus: corpus,
            metric: metric,
            directions: spectrum.strongestDirections(corpus.dimension),
            prefixes: prefixes,
            wanted: wanted
        )
        let rotation = spectrum.energies.isEmpty ? 0 : eigen + n * d * d * Cost.multiply
        let preparation = rotation + n * d * Cost.component + (isTriangle ? n : m) * d * Cost.query
        var best = (seconds: Double.infinity, prefix: 0)
        for (prefix, share) in zip(prefixes, forecast.shares) {
            let walk = pairs * walkCost(prefix: prefix, share: share)
            lines.append(
                "bounded, prefix \(prefix): \(time(preparation + walk, options)) (preparation "
                    + "\(time(preparation, options)); \(percent(share)) of the pairs pass the first stage)"
            )
            if preparation + walk < best.seconds { best = (preparation + walk, prefix) }
        }
        // A plan that is only slightly better may be wrong.
        guard best.seconds < 0.9 * budget else { return fallBack("pruning does not pay") }
        lines.append("chosen: bounded, prefix \(best.prefix)")
        return EnginePlan(engine: .bounded, preparation: (spectrum, best.prefix), explanation: lines)
    }

    /// The prefix that a walk over a prepared corpus would take least time with.
    static func bestPrefix(
        queries: RowStorage,
        corpus: RowStorage,
        metric: Metric,
        spectrum: Spectrum,
        wanted: Wanted
    ) -> Int {
        let prefixes = spectrum.candidatePrefixes
        if prefixes.count == 1 { return prefixes[0] }
        let forecast = SurvivorForecast(
            queries: queries,
            corpus: corpus,
            metric: metric,
            directions: spectrum.strongestDirections(corpus.dimension),
            prefixes: prefixes,
            wanted: wanted
        )
        let costs = zip(prefixes, forecast.shares).map { prefix, share in
            (prefix: prefix, cost: walkCost(prefix: prefix, share: share))
        }
        return costs.min { $0.cost < $1.cost }?.prefix ?? corpus.dimension
    }

    /// Nanoseconds a pair.
    private static func walkCost(prefix: Int, share: Double) -> Double {
        Double(prefix) * Cost.code + Cost.pair + share * Cost.warmth * Cost.survivor
    }

    private static func time(_ nanoseconds: Double, _ options: RunOptions) -> String {
        let milliseconds = Int((nanoseconds / Double(options.workers.count) / 1e6).rounded())
        return "\(milliseconds) ms"
    }

    private static func percent(_ share: Double) -> String { "\(Double(Int(share * 100_000)) / 1000) %" }
}
