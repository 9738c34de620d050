// SPDX-License-Identifier: Apache-2.0

/// The first pass over a corpus that is to be coded: canonical norms, and a few coordinates by which rows are grouped.
package enum RowSurvey {
    /// Rows that are looked at together: their floats stay in L2.
    private static let rowsPerPart = 256

    /// For each row its norm (not finite if the row is not) and the components of its unit vector in some directions, row
    /// after row. The components only group rows: they need no bound.
    ///
    /// - Parameter directions: `width` rows of as many floats as a vector has.
    package static func look(
        at storage: RowStorage,
        directions: [Float],
        width: Int,
        workers: Int,
        check: @escaping @Sendable () throws -> Void
    ) throws -> (norms: [Double], components: [Float]) {
        precondition(directions.count == width * storage.dimension)
        let partCount = (storage.rowCount + rowsPerPart - 1) / rowsPerPart
        let parts = try concurrentMap(count: partCount, workers: workers) { part in
            try check()
            let first = part * rowsPerPart
            let count = min(rowsPerPart, storage.rowCount - first)
            var rows = WorkingRows()
            rows.load(count: count, of: storage, normalizing: width > 0, level: .current) { first + $0 }
            if width > 0 { rows.project(onto: directions, 0..<width, gemm: GEMM.preferred) }
            var components: [Float] = []
            components.reserveCapacity(count * width)
            for i in 0..<count {
                let row = unsafe rows.row(at: i)
                for j in 0..<width { unsafe components.append(row[j]) }
            }
            return (norms: rows.norms, components: components)
        }
        return (parts.flatMap(\.norms), parts.flatMap(\.components))
    }
}
