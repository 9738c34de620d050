// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import StrictJSON

/// Reads a file of texts row by row, for files that are not to be held in memory; the formats are those of ``TextFile``.
///
/// ```swift
/// var reader = try TextFileReader("texts.jsonl")
/// while let row = try reader.next() { print(row.line, row.text) }
/// ```
public struct TextFileReader: ~Copyable {
    /// One text.
    public struct Row: Sendable {
        /// The text; blank ones are rows as well.
        public let text: String
        /// Nil if the file has no ids.
        public let id: RowID?
        /// Counted from 1; lines that are skipped count. In a Parquet file the number of the row, from 1.
        public let line: Int
        /// Where the record lies in the file, its end included; nowhere in a Parquet file, which has columns.
        package let bytes: Range<Int>
    }

    private let path: String
    private let fields: TextFile.Fields
    private let isJSON: Bool
    /// One of the three is there.
    private var lines: TextLines?
    private var records: CSVTexts?
    private var columns: ParquetTexts?
    /// Whether the rows have ids; known with the first one.
    private var hasIDs: Bool?

    /// A reader at the first row.
    ///
    /// - Throws: ``VectorFileError`` if the file cannot be read, or has no such column.
    public init(_ path: String, fields: TextFile.Fields = TextFile.Fields()) throws(VectorFileError) {
        let format = try FileFormat.of(path, among: FileFormat.texts, for: "texts")
        if format == .csv {
            records = try CSVTexts(path, fields: fields)
        } else if format == .parquet {
            columns = try ParquetTexts(path, fields: fields)
        } else {
            lines = try TextLines(path)
        }
        isJSON = format == .jsonl
        self.path = path
        self.fields = fields
    }

    /// Where the names of the columns stand, if the format has some.
    package var header: Range<Int>? { records?.header }

    /// The next row; nil after the last one.
    ///
    /// - Complexity: one row, or one page of a Parquet file, is in memory at a time.
    /// - Throws: ``VectorFileError`` that names the line, as ``TextFile/read(_:fields:)`` does. Read no further after it.
    public mutating func next() throws(VectorFileError) -> Row? {
        if records != nil { return try records?.next() }
        if columns != nil { return try columns?.next() }
        while let line = try lines?.next() {
            if !isJSON { return Row(text: line.text, id: nil, line: line.number, bytes: line.bytes) }
            guard let object = try JSONLines.object(line.text, line.number, path) else { continue }
            return try row(object, line.number, line.bytes)
        }
        return nil
    }

    private mutating func row(
        _ object: JSONValue,
        _ line: Int,
        _ bytes: Range<Int>
    ) throws(VectorFileError) -> Row {
        let text: String
        switch object[fields.text] {
        case .string(let value)?: text = value
        case .halfText? where fields.takesUnreadableForBlank: text = ""
        case let value: throw refused(line, "a string", fields.text, value)
        }
        let idField = fields.id ?? "id"
        let hasIDs = self.hasIDs ?? (fields.id != nil || object[idField] != nil)
        self.hasIDs = hasIDs
        if !hasIDs { return Row(text: text, id: nil, line: line, bytes: bytes) }
        guard let id = object[idField]?.id else {
            throw refused(line, JSONValue.idDescription, idField, object[idField])
        }
        return Row(text: text, id: id, line: line, bytes: bytes)
    }

    private func refused(_ line: Int, _ expected: String, _ field: String, _ found: JSONValue?) -> VectorFileError {
        .refused(
            path,
            place: "line \(line)",
            "expected \(expected) in the field \"\(field)\", found \(found?.summary ?? "no such field")"
        )
    }
}
