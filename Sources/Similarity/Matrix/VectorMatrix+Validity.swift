// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension VectorMatrix {
    /// Rows with finite components and a norm within the limit, ascending.
    ///
    /// - Complexity: one read of the matrix, on the calling thread.
    public func validRows() -> [Int] {
        var tile = RowTile()
        return (0..<rowCount).filter { row in
            tile.load(row..<row + 1, of: storage, level: .current)
            return tile.isValid
        }
    }
}

/// The check of both sides of an operation that has met an invalid row, or that would not look at its rows at all.
enum InvalidRowCheck {
    /// Counts the invalid rows of each side and throws the error that names the first of them.
    static func reject(_ queries: RowStorage, _ corpus: RowStorage, options: RunOptions) throws {
        try reject(queries, side: .queries, options)
        if corpus.bytes !== queries.bytes { try reject(corpus, side: .corpus, options) }
    }

    /// The same for one side.
    static func reject(_ storage: RowStorage, side: SimilarityError.Side, _ options: RunOptions) throws {
        let statistics = try VectorMatrix(storage: storage).statistics(
            workers: options.workers,
            cancellation: options.cancellation
        )
        if statistics.invalidRowCount > 0 { throw SimilarityError.invalidRows(statistics, side: side) }
    }
}
