// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// What ``Engine/auto`` chose, and what it saw: an estimate of the seconds of each way, from rates that were measured once
/// (two Zen 3 cores) and a sample of the data. Only ratios matter, and none of it changes a result.
struct EnginePlan {
    /// The engine, resolved.
    let engine: Engine
    /// Basis and codes, if the engine is ``Engine/bounded``.
    let preparation: (spectrum: Spectrum, setting: Setting)?
    /// What was seen and chosen, for a person.
    let explanation: [String]

    /// How rows are coded for a job.
    struct Setting: Equatable {
        let prefix: Int
        /// Whether the coordinates after the prefix are coded too.
        let codesTail: Bool
    }

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
        /// A verdict on a row that lies anywhere, and what a dimension adds to it.
        static let verdict = 40.0
        static let verdictComponent = 0.1
        /// What a query for nearest rows costs in scouting and verdicts, per dimension.
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
        let seen = (eigen: spectrum.energies.isEmpty ? 0 : eigen, rotates: !spectrum.energies.isEmpty)
        let codedRows = n + (isTriangle ? n : m)
        var best: (nanoseconds: Double, setting: Setting)?
        for candidate in candidates(
            queries: queries,
            corpus: corpus,
            metric: metric,
            spectrum: spectrum,
            wanted: wanted
        ) {
            let setting = candidate.setting
            let rotated = seen.rotates ? Double(setting.codesTail ? corpus.dimension : setting.prefix) : 0
            var preparation = seen.eigen + codedRows * (d * rotated * Cost.multiply + d * Cost.component)
            if case .nearest = wanted { preparation += m * d * Cost.query }
            let total = preparation + pairs * candidate.pairCost
            lines.append(
                "bounded, prefix \(setting.prefix)\(setting.codesTail ? "" : " alone"): \(time(total, options)) (preparation "
                    + "\(time(preparation, options)); \(percent(candidate.share)) of the pairs pass the first stage)"
            )
            if total < best?.nanoseconds ?? .infinity { best = (total, setting) }
        }
        // A plan that is only slightly better may be wrong.
        guard let best, best.nanoseconds < 0.9 * budget else { return fallBack("pruning does not pay") }
        lines.append("chosen: bounded, prefix \(best.setting.prefix)\(best.setting.codesTail ? "" : " alone")")
        return EnginePlan(engine: .bounded, preparation: (spectrum, best.setting), explanation: lines)
    }

    /// The codes with which a walk over a prepared corpus would take least time.
    static func bestSetting(
        queries: RowStorage,
        corpus: RowStorage,
        metric: Metric,
        spectrum: Spectrum,
        wanted: Wanted
    ) -> Setting {
        candidates(queries: queries, corpus: corpus, metric: metric, spectrum: spectrum, wanted: wanted)
            .min { $0.pairCost < $1.pairCost }?.setting ?? Setting(prefix: corpus.dimension, codesTail: true)
    }

    /// Settings that are worth a thought, with the share of pairs that pass the first stage and nanoseconds a pair.
    private static func candidates(
        queries: RowStorage,
        corpus: RowStorage,
        metric: Metric,
        spectrum: Spectrum,
        wanted: Wanted
    ) -> [(setting: Setting, share: Double, pairCost: Double)] {
        let prefixes = spectrum.candidatePrefixes
        let forecast = SurvivorForecast(
            queries: queries,
            corpus: corpus,
            metric: metric,
            directions: spectrum.strongestDirections(corpus.dimension),
            prefixes: prefixes,
            wanted: wanted,
            profile: KernelLevel.current.codes
        )
        let verdict = Cost.verdict + Cost.verdictComponent * Double(corpus.dimension)
        return zip(prefixes, forecast.shares).flatMap { prefix, share in
            let scan = Double(prefix) * Cost.code + Cost.pair
            let coded = (Setting(prefix: prefix, codesTail: true), share, scan + share * Cost.warmth * Cost.survivor)
            // Where the cut moves, a pair that waits for a better one is worth its codes.
            guard case .above = wanted, prefix < corpus.dimension else { return [coded] }
            return [(Setting(prefix: prefix, codesTail: false), share, scan + share * verdict), coded]
        }
    }

    private static func time(_ nanoseconds: Double, _ options: RunOptions) -> String {
        let milliseconds = Int((nanoseconds / Double(options.workers.count) / 1e6).rounded())
        return "\(milliseconds) ms"
    }

    private static func percent(_ share: Double) -> String { "\(Double(Int(share * 100_000)) / 1000) %" }
}
