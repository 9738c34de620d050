// SPDX-License-Identifier: Apache-2.0

/// All scores of two small sets: what ``VectorMatrix/similarityMatrix(metric:options:)`` returns.
public struct ScoreMatrix: Sendable, Equatable {
    /// Rows: the vectors that were compared.
    public let rowCount: Int
    /// Columns: what they were compared with.
    public let columnCount: Int
    /// The values, row after row.
    public let values: [Float]

    package init(rowCount: Int, columnCount: Int, values: [Float]) {
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.values = values
    }

    /// The value in one place.
    ///
    /// - Precondition: both indices are in range.
    public subscript(row: Int, column: Int) -> Float {
        precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
        precondition(column >= 0 && column < columnCount, "column \(column) of \(columnCount)")
        return values[row * columnCount + column]
    }
}
