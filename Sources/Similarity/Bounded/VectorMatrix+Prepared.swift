// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension VectorMatrix {
    /// This corpus, prepared for one operation, if its engine is ``Engine/bounded`` or a plan says that it should be; else nil.
    func prepared(
        for queries: RowStorage,
        metric: Metric,
        isTriangle: Bool,
        wanted: Wanted,
        options: RunOptions
    ) throws -> PreparedCorpus? {
        guard options.engine == .auto || options.engine == .bounded, queries.dimension == dimension,
            dimension <= CodeShape.dimensionLimit
        else { return nil }
        do {
            return try planned(for: queries, metric: metric, isTriangle: isTriangle, wanted: wanted, options: options)
        } catch let error as SimilarityError where error.code == .invalidRows {
            // Every engine tells of the queries first.
            try InvalidRowCheck.reject(queries, storage, options: options)
            throw error
        }
    }

    private func planned(
        for queries: RowStorage,
        metric: Metric,
        isTriangle: Bool,
        wanted: Wanted,
        options: RunOptions
    ) throws -> PreparedCorpus? {
        if options.engine == .bounded {
            let spectrum = try Spectrum(of: storage, options: options)
            let setting = EnginePlan.bestSetting(
                queries: queries,
                corpus: storage,
                metric: metric,
                spectrum: spectrum,
                wanted: wanted
            )
            return try prepared(metric, spectrum, setting, options)
        }
        let plan = try EnginePlan.make(
            queries: queries,
            corpus: storage,
            metric: metric,
            isTriangle: isTriangle,
            wanted: wanted,
            options: options
        )
        for line in plan.explanation { options.explain?(line) }
        guard let (spectrum, setting) = plan.preparation else { return nil }
        return try prepared(metric, spectrum, setting, options)
    }

    private func prepared(
        _ metric: Metric,
        _ spectrum: Spectrum,
        _ setting: EnginePlan.Setting,
        _ options: RunOptions
    ) throws -> PreparedCorpus {
        try PreparedCorpus(
            self,
            metric: metric,
            spectrum: spectrum,
            prefix: setting.prefix,
            codesTail: setting.codesTail,
            options: options
        )
    }
}
