// SPDX-License-Identifier: Apache-2.0

internal import Parquet
internal import Similarity

/// The texts of a Parquet file: a column of texts, and perhaps one of ids. A null is a blank text. A group of rows is in memory at a time.
struct ParquetTexts {
    private let input: ParquetInput
    private let textColumn: Int
    private let idColumn: Int?
    private var group = 0
    private var texts: [String?] = []
    private var ids: [RowID]?
    private var place = 0
    private var row = 0

    init(_ path: String, fields: TextFile.Fields) throws(VectorFileError) {
        input = try ParquetInput(path)
        textColumn = try input.textColumn(fields.text)
        idColumn = try input.idColumn(fields.id)
    }

    /// The next text; nil after the last one. Rows count from 1, as lines do.
    mutating func next() throws(VectorFileError) -> TextFileReader.Row? {
        while place == texts.count {
            guard group < input.file.rowGroupCount else { return nil }
            texts = try input.texts(textColumn, group: group)
            ids = if let idColumn { try input.ids(idColumn, group: group) } else { nil }
            place = 0
            group += 1
        }
        defer {
            place += 1
            row += 1
        }
        return TextFileReader.Row(text: texts[place] ?? "", id: ids?[place], line: row + 1, bytes: 0..<0)
    }
}
