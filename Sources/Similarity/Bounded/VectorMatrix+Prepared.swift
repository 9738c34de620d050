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

    /// This corpus prepared for one search, however it is carried out.
    package func prepared(
        forNearest k: Int,
        to queries: VectorMatrix,
        metric: Metric,
        options: RunOptions
    ) throws -> PreparedCorpus {
        try prepared(for: queries.storage, metric, .nearest(count: k, rowCount: rowCount), false, options)
    }

    /// This corpus prepared for one join of another matrix, nil for itself, with it.
    package func prepared(
        forJoinFrom left: VectorMatrix?,
        threshold: Float,
        metric: Metric,
        options: RunOptions
    ) throws -> PreparedCorpus {
        let cut = metric.cut(ofThreshold: threshold)
        return try prepared(for: left?.storage ?? storage, metric, .above(cut: cut), left == nil, options)
    }

    private func prepared(
        for queries: RowStorage,
        _ metric: Metric,
        _ wanted: Wanted,
        _ isTriangle: Bool,
        _ options: RunOptions
    ) throws -> PreparedCorpus {
        var options = options
        options.engine = .bounded
        let plan = try planned(
            for: queries,
            metric: metric,
            isTriangle: isTriangle,
            wanted: wanted,
            options: options
        )
        // Vectors that are too wide for codes are refused.
        return try plan.prepared ?? PreparedCorpus(self, metric: metric, options: options)
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
