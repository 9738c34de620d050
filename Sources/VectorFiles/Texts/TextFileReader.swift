// SPDX-License-Identifier: Apache-2.0

package import Similarity
internal import StrictJSON

/// Reads a file of texts row by row, for files that are not to be held in memory; see ``TextFile``.
package struct TextFileReader: ~Copyable {
    /// One text.
    package struct Row: Sendable {
        package let text: String
        /// Nil if the file has no ids.
        package let id: RowID?
        /// Counted from 1; lines that are skipped count.
        package let line: Int
    }

    private let path: String
    private let fields: TextFile.Fields
    private var source: Source
    /// Whether the rows have ids; known with the first one.
    private var hasIDs: Bool?

    package init(_ path: String, fields: TextFile.Fields = TextFile.Fields()) throws(VectorFileError) {
        let format = try FileFormat.of(path, among: FileFormat.texts, for: "texts")
        source =
            switch format {
            case .csv: .records(try CSVTexts(path, fields: fields))
            case .jsonl: .objects(try TextLines(path))
            default: .lines(try TextLines(path))
            }
        self.path = path
        self.fields = fields
    }

    /// What the rows are made of.
    private enum Source: ~Copyable {
        case lines(TextLines)
        case objects(TextLines)
        case records(CSVTexts)
    }

    /// The next row; nil after the last one.
    package mutating func next() throws(VectorFileError) -> Row? {
        switch consume source {
        case .records(var records):
            defer { source = .records(records) }
            return try records.next()
        case .lines(var lines):
            defer { source = .lines(lines) }
            return try lines.next().map { Row(text: $0.text, id: nil, line: $0.number) }
        case .objects(var lines):
            defer { source = .objects(lines) }
            while let line = try lines.next() {
                guard let object = try JSONLines.object(line.text, line.number, path) else { continue }
                return try row(object, line.number)
            }
            return nil
        }
    }

    private mutating func row(_ object: JSONValue, _ line: Int) throws(VectorFileError) -> Row {
        guard let text = object[fields.text]?.text else {
            throw refused(line, "a string", fields.text, object[fields.text])
        }
        let idField = fields.id ?? "id"
        let hasIDs = self.hasIDs ?? (fields.id != nil || object[idField] != nil)
        self.hasIDs = hasIDs
        if !hasIDs { return Row(text: text, id: nil, line: line) }
        guard let id = object[idField]?.id else {
            throw refused(line, JSONValue.idDescription, idField, object[idField])
        }
        return Row(text: text, id: id, line: line)
    }

    private func refused(_ line: Int, _ expected: String, _ field: String, _ found: JSONValue?) -> VectorFileError {
        .refused(
            path,
            place: "line \(line)",
            "expected \(expected) in the field \"\(field)\", found \(found?.summary ?? "no such field")"
        )
    }
}
