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
    /// What an operation with this corpus is expected to take.
    package func forecast(_ operation: Operation, options: RunOptions) throws -> OperationForecast {
        let workers = Double(options.workers.count)
        guard options.engine.mayUseCodes, dimension <= CodeShape.dimensionLimit, rowCount > 0,
            operation.queries.rowCount > 0
        else {
            let multiply = (options.speed ?? .measured).own
            let products = operation.pairCount(rowCount: rowCount) * Double(dimension)
            return OperationForecast(preparesCorpus: false, seconds: products * multiply * 1e-9 / workers)
        }
        let plan = try EnginePlan.make(operation, corpus: storage, options: options)
        return OperationForecast(preparesCorpus: plan.preparation != nil, seconds: plan.seconds / workers)
    }
}
