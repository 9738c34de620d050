// SPDX-License-Identifier: Apache-2.0

internal import Parquet
internal import Similarity
internal import System

/// A Parquet file that is read, and its columns by their names.
struct ParquetInput {
    let path: String
    let file: ParquetFile

    init(_ path: String) throws(VectorFileError) {
        self.path = path
        let bytes = try VectorFile.mapped(path)
        do {
            file = try ParquetFile(bytes)
        } catch {
            throw .refused(path, error.message)
        }
    }

    /// What goes wrong in the file, with its name.
    func reading<R>(_ body: () throws(ParquetError) -> R) throws(VectorFileError) -> R {
        do {
            return try body()
        } catch {
            throw .refused(path, error.message)
        }
    }

    /// A column that must be there.
    func column(_ name: String, for what: String) throws(VectorFileError) -> Int {
        if let column = file.column(named: name) { return column }
        let names = file.fieldNames.map { "\"\($0)\"" }.joined(separator: ", ")
        throw .refused(path, "expected \(what) in a column \"\(name)\", found the columns \(names)")
    }

    /// A column of texts.
    func textColumn(_ name: String) throws(VectorFileError) -> Int {
        let column = try column(name, for: "texts")
        let form = file.columns[column]
        guard form.type == .byteArray, form.maxRepetition == 0 else {
            throw .refused(path, "expected texts in the column \"\(name)\", found \(form.summary)")
        }
        return column
    }

    /// The column of ids: the one that is named, else `id` if it is there.
    func idColumn(_ name: String?) throws(VectorFileError) -> Int? {
        let found = if let name { try column(name, for: "ids") } else { file.column(named: "id") }
        guard let column = found else { return nil }
        let form = file.columns[column]
        guard [.byteArray, .int32, .int64].contains(form.type), form.maxRepetition == 0 else {
            throw .refused(
                path,
                "expected texts or integers for ids in the column \"\(form.name)\", found \(form.summary)"
            )
        }
        return column
    }

    /// The values of a column in a group of rows, nil for a null. The column is in no list.
    func cells<T>(
        _ column: Int,
        group: Int,
        _ value: (ColumnValues, Int, _ row: Int) throws(VectorFileError) -> T
    ) throws(VectorFileError) -> [T?] {
        var reader = try reading { () throws(ParquetError) in try ColumnReader(file, group: group, column: column) }
        let limit = UInt8(file.columns[column].maxDefinition)
        let first = (0..<group).reduce(0) { $0 + file.rowCount(ofGroup: $1) }
        var cells: [T?] = []
        while let page = try reading({ () throws(ParquetError) in try reader.next() }) {
            // A few bytes may say that there are millions of nulls.
            if cells.count + page.entryCount > file.rowCount(ofGroup: group) { break }
            var place = 0
            for entry in 0..<page.entryCount {
                guard page.definitions.isEmpty || page.definitions[entry] == limit else {
                    cells.append(nil)
                    continue
                }
                cells.append(try value(page.values, place, first + cells.count))
                place += 1
            }
        }
        guard cells.count == file.rowCount(ofGroup: group) else {
            throw .refused(
                path,
                "expected \(file.rowCount(ofGroup: group)) rows in the column \"\(file.columns[column].name)\", found another number"
            )
        }
        return cells
    }

    /// Texts of a group; nil for nulls.
    func texts(_ column: Int, group: Int) throws(VectorFileError) -> [String?] {
        let (path, name) = (path, file.columns[column].name)
        return try cells(column, group: group) { values, place, row throws(VectorFileError) in
            guard let text = values.text(place) else {
                throw .refused(path, place: "row \(row)", "expected UTF-8 in the column \"\(name)\", found other bytes")
            }
            return text
        }
    }

    /// What each row says in a column of texts, integers or truth values, as a text; nil for nulls.
    func labels(_ name: String) throws(VectorFileError) -> [String?] {
        let column = try column(name, for: "labels")
        let form = file.columns[column]
        let path = path
        var labels: [String?] = []
        for group in 0..<file.rowGroupCount where form.maxRepetition == 0 {
            labels += try cells(column, group: group) { values, place, row throws(VectorFileError) -> String in
                guard let label = values.label(place, of: form) else {
                    throw .refused(
                        path,
                        place: "row \(row)",
                        "expected a label in the column \"\(name)\", found what is no text, number or truth value"
                    )
                }
                return label
            }
        }
        return labels
    }

    /// Ids of a group; there is one for each row.
    func ids(_ column: Int, group: Int) throws(VectorFileError) -> [RowID] {
        let form = file.columns[column]
        let path = path
        let found = try cells(column, group: group) { values, place, row throws(VectorFileError) -> RowID in
            if form.type == .byteArray {
                if let text = values.text(place) { return .string(text) }
            } else if let number = values.integer(place, isUnsigned: form.meaning == .unsigned) {
                return .integer(number)
            }
            throw .refused(
                path,
                place: "row \(row)",
                "expected an id in the column \"\(form.name)\", found what is no text and no integer of 64 bits"
            )
        }
        let first = (0..<group).reduce(0) { $0 + file.rowCount(ofGroup: $1) }
        return try found.enumerated().map { row, id throws(VectorFileError) in
            if let id { return id }
            throw .refused(
                path,
                place: "row \(first + row)",
                "expected an id in the column \"\(form.name)\", found null"
            )
        }
    }
}

extension ColumnValues {
    /// A value as a text: texts, integers, floats and truth values.
    fileprivate func label(_ index: Int, of column: ParquetColumn) -> String? {
        switch (column.type, self) {
        case (.byteArray, _): text(index)
        case (.int32, _), (.int64, _): integer(index, isUnsigned: column.meaning == .unsigned)?.description
        case (.boolean, .fixed(_, let bytes)): bytes[index] == 0 ? "false" : "true"
        case (.float, .fixed(_, let bytes)):
            Float(bitPattern: bytes.span.integer(UInt32.self, at: 4 * index)).description
        case (.double, .fixed(_, let bytes)):
            Double(bitPattern: bytes.span.integer(UInt64.self, at: 8 * index)).description
        default: nil
        }
    }
}

extension ParquetColumn {
    /// What a column holds, for messages.
    var summary: String { (maxRepetition > 0 ? "lists of " : "") + "\(type)" }
}
