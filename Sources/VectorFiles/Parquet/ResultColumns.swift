// SPDX-License-Identifier: Apache-2.0

internal import Parquet
internal import Similarity

/// Rows of a result, gathered and written as columns: some integers, a score, and the ids of two of the integers.
struct ResultColumns {
    private var output: ParquetOutput
    private let ids: ResultIDs
    /// Which integers are rows with ids, of the queries and of the corpus.
    private let pairNames: (queries: Int, corpus: Int)
    private let areIntegers: (queries: Bool, corpus: Bool)
    private var integers: [[Int]] = []
    private var scores: [Float] = []

    init(_ output: ParquetOutput, _ ids: ResultIDs, pairNames: (Int, Int)) {
        self.output = output
        self.ids = ids
        self.pairNames = pairNames
        areIntegers = (ids.queries?.areIntegers ?? false, ids.corpus?.areIntegers ?? false)
    }

    mutating func append(_ row: [Int], score: Float) throws(VectorFileError) {
        if integers.isEmpty { integers = row.map { _ in [] } }
        for (i, value) in row.enumerated() { integers[i].append(value) }
        scores.append(score)
        if scores.count == ParquetOutput.batch { try flush() }
    }

    private mutating func flush() throws(VectorFileError) {
        guard !scores.isEmpty else { return }
        var columns = integers.map { ParquetOutput.Column.integers($0.map { Int64($0) }) } + [.floats(scores)]
        if let queries = ids.queries {
            columns.append(queries.parquetColumn(integers[pairNames.queries], areIntegers: areIntegers.queries))
        }
        if let corpus = ids.corpus {
            columns.append(corpus.parquetColumn(integers[pairNames.corpus], areIntegers: areIntegers.corpus))
        }
        try output.append(columns, rowCount: scores.count)
        integers = []
        scores = []
    }

    /// What has been written, with all rows.
    mutating func flushed() throws(VectorFileError) -> ParquetOutput {
        try flush()
        return output
    }
}

extension ResultIDs {
    /// The fields of the ids that there are.
    func parquetFields(_ queries: String, _ corpus: String) -> [ParquetWriter.Field] {
        (self.queries.map { [$0.parquetField(queries)] } ?? []) + (self.corpus.map { [$0.parquetField(corpus)] } ?? [])
    }
}
