// SPDX-License-Identifier: Apache-2.0

/// All scores of two small sets: what ``VectorMatrix/similarityMatrix(metric:options:)`` returns.
public struct ScoreMatrix: Sendable, Equatable {
    /// Rows: the vectors that were compared.
    public let rowCount: Int
    /// Columns: what they were compared with.
    public let columnCount: Int
    /// The values, row after row: cosines, dot products, or for ``Metric/euclidean`` distances.
    public let values: [Float]
    /// How rows and columns were compared.
    public let metric: Metric

    /// Scores that were found elsewhere.
    ///
    /// - Precondition: there is a value for each row and column.
    public init(rowCount: Int, columnCount: Int, values: [Float], metric: Metric) {
        let (count, overflow) = rowCount.multipliedReportingOverflow(by: columnCount)
        precondition(
            rowCount >= 0 && columnCount >= 0 && !overflow && count == values.count,
            "\(values.count) values are no \(rowCount) x \(columnCount) matrix"
        )
        self.metric = metric
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
