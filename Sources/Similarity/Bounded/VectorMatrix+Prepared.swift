// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension VectorMatrix {
    /// What one operation is done with: this corpus, prepared for it, if its engine is ``Engine/bounded`` or a plan says that it
    /// should be; else nil and the options with the engine of the floats.
    func planned(
        for operation: Operation,
        options: RunOptions
    ) throws -> (prepared: PreparedCorpus?, options: RunOptions) {
        let warning = SimilarityRuntime.blasWarning.map { [$0] } ?? []
        guard options.engine.mayUseCodes, operation.queries.dimension == dimension,
            dimension <= CodeShape.dimensionLimit
        else {
            options.plan?(RunPlan(engine: try options.engine.resolved(), lines: warning))
            return (nil, options)
        }
        do {
            let plan = try EnginePlan.make(operation, corpus: storage, options: options)
            options.plan?(plan.told.preceded(by: warning))
            if let (spectrum, setting) = plan.preparation {
                return (try prepared(operation.metric, spectrum, setting, options), options)
            }
            var options = options
            options.engine = plan.plain
            return (nil, options)
        } catch let error as SimilarityError where error.code == .invalidRows {
            // Every engine tells of the queries first.
            try InvalidRowCheck.reject(operation.queries.storage, storage, options: options)
            throw error
        }
    }

    /// This corpus prepared for one operation, however it is carried out.
    ///
    /// - Throws: ``SimilarityError`` if vectors are too wide for codes, or rows are invalid; `CancellationError` if cancelled.
    package func prepared(for operation: Operation, options: RunOptions) throws -> PreparedCorpus {
        var options = options
        options.engine = .bounded
        // Vectors that are too wide for codes are refused.
        return try planned(for: operation, options: options).prepared
            ?? PreparedCorpus(self, metric: operation.metric, options: options)
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
