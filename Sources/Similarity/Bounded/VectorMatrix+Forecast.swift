// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// What an operation on whole matrices is expected to take, before it is begun.
package struct OperationForecast: Sendable {
    /// Whether the codes of a prepared corpus pay.
    package let preparesCorpus: Bool
    /// Seconds on the workers of the options, preparation included.
    package let seconds: Double
}

extension VectorMatrix {
    /// What ``nearest(to:k:metric:excludingSelf:options:)`` with this corpus is expected to take.
    package func forecastNearest(
        to queries: VectorMatrix,
        k: Int,
        metric: Metric,
        excludingSelf: Bool = false,
        options: RunOptions
    ) throws -> OperationForecast {
        try forecast(
            queries,
            metric,
            .nearest(count: k, rowCount: rowCount),
            isTriangle: false,
            isMutual: excludingSelf && queries.storage.isSame(as: storage),
            options
        )
    }

    /// What a join of another matrix, nil for this one itself, with this one is expected to take.
    package func forecastJoin(
        from left: VectorMatrix?,
        threshold: Float,
        metric: Metric,
        options: RunOptions
    ) throws -> OperationForecast {
        try forecast(
            left ?? self,
            metric,
            .above(cut: metric.cut(ofThreshold: threshold)),
            isTriangle: left == nil,
            isMutual: false,
            options
        )
    }

    private func forecast(
        _ queries: VectorMatrix,
        _ metric: Metric,
        _ wanted: Wanted,
        isTriangle: Bool,
        isMutual: Bool,
        _ options: RunOptions
    ) throws -> OperationForecast {
        let workers = Double(options.workers.count)
        guard options.engine.mayUseCodes, dimension <= CodeShape.dimensionLimit, rowCount > 0, queries.rowCount > 0
        else {
            let multiply = (options.speed ?? .measured).own
            let pairs = Double(rowCount) * Double(queries.rowCount) / (isTriangle ? 2 : 1)
            let products = pairs * Double(dimension)
            return OperationForecast(preparesCorpus: false, seconds: products * multiply * 1e-9 / workers)
        }
        let plan = try EnginePlan.make(
            queries: queries.storage,
            corpus: storage,
            metric: metric,
            isTriangle: isTriangle,
            isMutual: isMutual,
            wanted: wanted,
            options: options
        )
        return OperationForecast(preparesCorpus: plan.preparation != nil, seconds: plan.seconds / workers)
    }
}
