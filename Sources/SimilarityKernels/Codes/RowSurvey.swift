// SPDX-License-Identifier: Apache-2.0

/// The first pass over a corpus that is to be coded: canonical norms, and the tails by which rows are sorted.
package enum RowSurvey {
    /// Rows that are looked at together: their floats stay in L2.
    private static let rowsPerPart = 256

    /// For each row its norm (not finite if the row is not) and the share of it in the tail, 0 to about 1. The share only
    /// orders rows: it needs no bound. With an identity, or no tail, it is 0.
    package static func look(
        at storage: RowStorage,
        rotation: Rotation,
        prefix: Int,
        workers: Int,
        check: @escaping @Sendable () throws -> Void
    ) throws -> (norms: [Double], tailShares: [Float]) {
        let partCount = (storage.rowCount + rowsPerPart - 1) / rowsPerPart
        let hasShares = !rotation.isIdentity && prefix < storage.dimension
        let parts = try concurrentMap(count: partCount, workers: workers) { part in
            try check()
            let first = part * rowsPerPart
            let count = min(rowsPerPart, storage.rowCount - first)
            var rows = WorkingRows()
            rows.load(count: count, of: storage, normalizing: hasShares, backend: .fastestVector) { first + $0 }
            if hasShares { rows.rotate(rotation, columns: 0..<prefix, gemm: GEMM.preferred) }
            let shares = (0..<count).map { i -> Float in
                guard hasShares else { return 0 }
                let energy = unsafe Verdict.dot(.fastestVector, rows.row(at: i), rows.row(at: i), depth: prefix)
                return Float(max(0, 1 - energy).squareRoot())
            }
            return (norms: rows.norms, shares: shares)
        }
        return (parts.flatMap(\.norms), parts.flatMap(\.shares))
    }
}
