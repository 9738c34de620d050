// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import System

/// What ``Engine/auto`` chose, and what it saw: an estimate of the seconds of each way, from the speed of the kernels on this
/// machine and a sample of the data. Only ratios matter, and none of it changes a result.
struct EnginePlan {
    /// Basis and codes, if the engine is ``Engine/bounded``; else the job is for the floats.
    let preparation: (spectrum: Spectrum, setting: Setting)?
    /// The engine of the floats that was faster.
    let plain: Engine
    /// What was seen and chosen, for a person.
    let explanation: [String]
    /// About how long the job takes, preparation included, on one worker.
    let seconds: Double

    /// The same for the caller.
    var told: RunPlan {
        RunPlan(
            engine: preparation == nil ? plain : .bounded,
            prefix: preparation?.setting.prefix,
            estimatedSeconds: seconds,
            lines: explanation
        )
    }

    /// How rows are coded for a job.
    struct Setting: Equatable, CustomStringConvertible {
        let prefix: Int
        /// Whether the coordinates after the prefix are coded too.
        let codesTail: Bool

        var description: String { "\(prefix)\(codesTail ? "" : " alone")" }
    }

    /// Cuts are not what they will be in the end: survivors over those of a sample with the final cut.
    private static let warmth = 2.0
    /// Nanoseconds of one cube of the dimension in the eigenproblem, for a multiply-add of one nanosecond.
    private static let eigen = 5.0

    /// Rows of more bytes are not in a cache when they get a verdict, which then takes so many times as long (117,659 x 384 floats on Zen 5).
    private static let cacheBytes = 0x1p25
    private static let uncachedRow = 3.0

    /// Jobs of fewer multiply-adds are over before a plan is made.
    static let smallestJob = 1e10
    /// The most that looking may cost, as a share of the matrix multiply.
    static let lookingShare = 0.04

    /// Plans an operation. If the engine is ``Engine/bounded`` it is only asked how.
    static func make(_ operation: Operation, corpus: RowStorage, options: RunOptions) throws -> EnginePlan {
        let (m, n, d) = (Double(operation.queries.rowCount), Double(corpus.rowCount), Double(corpus.dimension))
        let pairs = operation.pairCount(rowCount: corpus.rowCount)
        // No other engine looks at a pair for both rows at once.
        let isMutual = operation.isMutual(in: corpus)
        var lines: [String] = []
        let plain = Engine.plain(multiplyAdds: pairs * d, options)
        // Of a small job, by the table: it is over before anything is measured.
        var budget = pairs * d * options.level.costs.multiply
        func fallBack(_ reason: String) -> EnginePlan {
            EnginePlan(
                preparation: nil,
                plain: plain,
                explanation: lines + ["chosen: \(plain) (\(reason))"],
                seconds: budget * 1e-9
            )
        }
        let isForced = options.engine == .bounded
        guard pairs * d >= smallestJob else {
            if !isForced { return fallBack("a small job is not planned") }
            let spectrum = try Spectrum(of: corpus, options: options)
            let setting = bestSetting(operation, corpus: corpus, spectrum: spectrum, level: options.level)
            return EnginePlan(preparation: (spectrum, setting), plain: plain, explanation: [], seconds: budget * 1e-9)
        }
        let speed = options.speed ?? .measured
        let costs = speed.costs
        let multiply = plain == .blas ? speed.openBLAS ?? speed.own : speed.own
        budget = pairs * d * multiply
        lines.append("\(plain): \(time(budget, options))")
        guard isForced || corpus.rowCount <= Int(UInt32.max) else { return fallBack("too many rows for codes") }
        // Rows are read in the order of their groups, which a disk does not like.
        let bytes = n * d * Double(corpus.elementType.byteCount) + n * (d + 100)
        if !isForced, let available = SystemMemory.available, bytes > 0.8 * Double(available) {
            return fallBack("rows and codes do not fit memory")
        }
        let eigen = d * d * d * Self.eigen * multiply
        var best: (nanoseconds: Double, spectrum: Spectrum, setting: Setting)?
        // First without a rotation, which needs no eigenproblem; then with one, if looking costs little of what can be saved.
        for isRotated in [false, true] {
            let left = min(best?.nanoseconds ?? budget, budget)
            if isRotated, eigen > left / 4 { break }
            let sampled = Double(Spectrum.sample(corpus.rowCount, dimension: corpus.dimension).count)
            if isRotated, sampled * d * d * multiply > left * lookingShare {
                lines.append("no rotation: a look at the rows would cost too much")
                break
            }
            let spectrum =
                try isRotated
                ? Spectrum(of: corpus, options: options) : .identity(dimension: corpus.dimension)
            if isRotated, !spectrum.isRotation { break }
            for candidate in candidates(
                operation,
                corpus: corpus,
                spectrum: spectrum,
                // A pair that passes for either of its rows passes.
                floorsOfAPair: isMutual ? 2 : 1,
                level: options.level,
                costs: costs
            ) {
                let setting = candidate.setting
                let components = setting.codesTail ? corpus.dimension : setting.prefix
                let codeBytes = Int(n) * VectorMatrix.codeBytes(ofRowOf: components)
                if !isForced, let limit = options.memoryLimit, codeBytes > limit { continue }
                let rotated = isRotated ? Double(setting.codesTail ? corpus.dimension : setting.prefix) : 0
                let codedRows = n + (isMutual ? 0 : m)
                var preparation = codedRows * d * (rotated * multiply + costs.component) + (isRotated ? eigen : 0)
                if case .nearest = operation.wanted, !isMutual { preparation += m * d * costs.query }
                let total = preparation + (isMutual ? pairs / 2 : pairs) * candidate.pairCost
                let name = "bounded, \(isRotated ? "" : "not rotated, ")prefix \(setting)"
                lines.append(
                    "\(name): \(time(total, options)) (preparation \(time(preparation, options)); "
                        + "\(percent(candidate.share)) of the pairs pass the first stage)"
                )
                if total < best?.nanoseconds ?? .infinity { best = (total, spectrum, setting) }
            }
        }
        // A plan that is only slightly better may be wrong.
        guard let best, isForced || best.nanoseconds < 0.9 * budget else { return fallBack("pruning does not pay") }
        lines.append("chosen: bounded, \(best.spectrum.isRotation ? "" : "not rotated, ")prefix \(best.setting)")
        return EnginePlan(
            preparation: (best.spectrum, best.setting),
            plain: plain,
            explanation: lines,
            seconds: best.nanoseconds * 1e-9
        )
    }

    /// The codes with which a walk over a prepared corpus would take about least time. Of settings that are about as good the
    /// shortest prefix: one query at a time waits for the codes to come from memory.
    static func bestSetting(
        _ operation: Operation,
        corpus: RowStorage,
        spectrum: Spectrum,
        level: KernelLevel
    ) -> Setting {
        // Only ratios matter here, and a file should not depend on what else a machine did when it was made.
        let candidates = candidates(
            operation,
            corpus: corpus,
            spectrum: spectrum,
            level: level,
            costs: level.costs
        )
        let least = candidates.map(\.pairCost).min() ?? 0
        let good = candidates.filter { $0.pairCost <= 1.15 * least }
        return good.min { ($0.setting.prefix, $0.pairCost) < ($1.setting.prefix, $1.pairCost) }?.setting
            ?? Setting(prefix: corpus.dimension, codesTail: true)
    }

    /// Settings that are worth a thought, with the share of pairs that pass the first stage and nanoseconds a pair.
    private static func candidates(
        _ operation: Operation,
        corpus: RowStorage,
        spectrum: Spectrum,
        floorsOfAPair: Double = 1,
        level: KernelLevel,
        costs: KernelCosts
    ) -> [(setting: Setting, share: Double, pairCost: Double)] {
        let prefixes = spectrum.candidatePrefixes
        let forecast = SurvivorForecast(
            operation,
            corpus: corpus,
            directions: spectrum.strongestDirections(corpus.dimension),
            prefixes: prefixes,
            profile: level.codes
        )
        let (n, d) = (Double(corpus.rowCount), Double(corpus.dimension))
        let isCached = n * d * Double(corpus.elementType.byteCount) <= cacheBytes
        let verdict = costs.verdict + costs.verdictComponent * d * (isCached ? 1 : uncachedRow)
        return zip(prefixes, forecast.shares).flatMap { prefix, share in
            let hasRowTerms = prefix < corpus.dimension || operation.metric == .euclidean
            let scan = Double(prefix) * costs.code + costs.pair + (hasRowTerms ? costs.rowTerms : 0)
            let coded = (
                Setting(prefix: prefix, codesTail: true), share, scan + share * floorsOfAPair * warmth * costs.survivor
            )
            // Where the cut moves, a pair that waits for a better one is worth its codes.
            guard case .above = operation.wanted, prefix < corpus.dimension else { return [coded] }
            return [(Setting(prefix: prefix, codesTail: false), share, scan + share * verdict), coded]
        }
    }

    private static func time(_ nanoseconds: Double, _ options: RunOptions) -> String {
        let milliseconds = Int((nanoseconds / Double(options.workers.count) / 1e6).rounded())
        return "\(milliseconds) ms"
    }

    private static func percent(_ share: Double) -> String { "\(Double(Int(share * 100_000)) / 1000) %" }
}

extension Engine {
    /// The engine of the floats for a job of so many multiply-adds, where no codes are used: the faster one as measured, or by the table of
    /// levels for a job that is over before anything is measured.
    package static func plain(multiplyAdds: Double, _ options: RunOptions) -> Engine {
        multiplyAdds < EnginePlan.smallestJob ? Engine.fallback : (options.speed ?? .measured).plainEngine
    }
}

extension KernelSpeed {
    /// The engine of the floats that is faster here. OpenBLAS gets the benefit of the doubt.
    package var plainEngine: Engine {
        guard let openBLAS, Engine.fallback == .blas else { return .simd }
        return own < 0.95 * openBLAS ? .simd : .blas
    }
}
