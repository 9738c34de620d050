// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// The texts of a `.csv` file: its first record names the columns.
struct CSVTexts {
    private let path: String
    private var records: CSVRecords
    private let columnCount: Int
    private let textColumn: Int
    private let idColumn: Int?
    /// Where the names of the columns stand.
    let header: Range<Int>

    init(_ path: String, fields: TextFile.Fields) throws(VectorFileError) {
        self.path = path
        var records = try CSVRecords(path)
        let names = try records.next()?.fields ?? []
        func column(_ name: String) throws(VectorFileError) -> Int? {
            let found = names.indices.filter { names[$0] == name }
            guard found.count <= 1 else {
                throw .refused(path, place: "line 1", "expected one column \"\(name)\", found \(found.count)")
            }
            return found.first
        }
        func required(_ name: String) throws(VectorFileError) -> Int {
            if let column = try column(name) { return column }
            let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
            throw .refused(path, place: "line 1", "expected a column \"\(name)\", found \(list)")
        }
        textColumn = try required(fields.text)
        idColumn = if let id = fields.id { try required(id) } else { try column("id") }
        columnCount = names.count
        header = 0..<records.position
        self.records = records
    }

    /// The next text; nil after the last one. Empty lines are skipped but counted, unless there is one column alone.
    mutating func next() throws(VectorFileError) -> TextFileReader.Row? {
        while true {
            let start = records.position
            guard let (line, fields) = try records.next() else { return nil }
            if fields == [""], columnCount > 1 { continue }
            guard fields.count == columnCount else {
                throw .refused(
                    path,
                    place: "line \(line)",
                    "expected \(columnCount) fields as in line 1, found \(fields.count)"
                )
            }
            return TextFileReader.Row(
                text: fields[textColumn],
                id: idColumn.map { RowID.string(fields[$0]) },
                line: line,
                bytes: start..<records.position
            )
        }
    }
}
