// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension VectorMatrix {
    /// What one operation is done with: this corpus, prepared for it, if its engine is ``Engine/bounded`` or a plan says that it
    /// should be; else nil and the options with the engine of the floats.
    func planned(
        for queries: RowStorage,
        metric: Metric,
        isTriangle: Bool,
        isMutual: Bool = false,
        wanted: Wanted,
        options: RunOptions
    ) throws -> (prepared: PreparedCorpus?, options: RunOptions) {
        if let warning = BLAS.warning { options.explain?(warning) }
        guard options.engine.mayUseCodes, queries.dimension == dimension,
            dimension <= CodeShape.dimensionLimit
        else { return (nil, options) }
        do {
            let plan = try EnginePlan.make(
                queries: queries,
                corpus: storage,
                metric: metric,
                isTriangle: isTriangle,
                isMutual: isMutual,
                wanted: wanted,
                options: options
            )
            for line in plan.explanation { options.explain?(line) }
            if let (spectrum, setting) = plan.preparation {
                return (try prepared(metric, spectrum, setting, options), options)
            }
            var options = options
            options.engine = plan.plain
            return (nil, options)
        } catch let error as SimilarityError where error.code == .invalidRows {
            // Every engine tells of the queries first.
            try InvalidRowCheck.reject(queries, storage, options: options)
            throw error
        }
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
