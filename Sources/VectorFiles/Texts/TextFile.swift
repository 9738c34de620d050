// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import StrictJSON

/// Texts, one a row, with the ids that came with them.
public struct TextFile: Sendable {
    /// The texts, in the order of the file.
    public let texts: [String]
    /// Ids of the rows, or nil if the file has none.
    public let ids: [RowID]?
    /// The line of each text, counted from 1.
    public let lines: [Int]

    /// How the fields of a `.jsonl` file, or the columns of a `.csv` or `.parquet` file, are called.
    public struct Fields: Sendable {
        /// The field that holds the text.
        public var text: String
        /// The field that holds the id; nil means `id`, if the first object, or the first line of a `.csv` file, has it.
        public var id: String?
        /// Whether a text that cannot be read, because half a character is in it, is taken for a blank one, and not refused.
        package var takesUnreadableForBlank = false

        /// `text`, and `id` if it is there.
        public init(text: String = "text", id: String? = nil) {
            self.text = text
            self.id = id
        }
    }

    /// Reads a `.txt` file (a text a line), a `.jsonl` file (an object a line; empty lines are skipped but counted), a `.csv`
    /// file (RFC 4180, with the names of the columns in the first line; ids are strings) or a `.parquet` file (a column of texts; a null is a blank
    /// one).
    ///
    /// In `.txt` LF ends a line, a CR before it is dropped, a byte order mark is dropped, a final LF starts no row. Blank
    /// texts are kept; see ``blankRows``.
    ///
    /// - Complexity: reads the file once; the texts are held in memory.
    /// - Throws: ``VectorFileError`` that names the line, for text that is not UTF-8, a line that is no JSON object, or a
    ///   missing field.
    public static func read(_ path: String, fields: Fields = Fields()) throws(VectorFileError) -> TextFile {
        var reader = try TextFileReader(path, fields: fields)
        var texts: [String] = []
        var ids: [RowID] = []
        var lines: [Int] = []
        while let row = try reader.next() {
            if let id = row.id { ids.append(id) }
            texts.append(row.text)
            lines.append(row.line)
        }
        return TextFile(texts: texts, ids: ids.isEmpty ? nil : ids, lines: lines)
    }

    /// Rows whose text has nothing that can be seen: white space, control and format characters alone, or none at all.
    public var blankRows: [Int] { texts.indices.filter { texts[$0].isBlank } }

    /// Whether the first object of a `.jsonl` file has an array in `field`, which makes it a file of vectors. Where null stands there, the next object
    /// tells.
    ///
    /// - Throws: ``VectorFileError`` if the file cannot be read or its first object is broken.
    package static func holdsVectors(_ path: String, field: String) throws(VectorFileError) -> Bool {
        var lines = try TextLines(path)
        while let line = try lines.next() {
            guard let object = try JSONLines.object(line.text, line.number, path) else { continue }
            switch object[field] {
            case .array?: return true
            case .null?: continue
            default: return false
            }
        }
        return false
    }
}
