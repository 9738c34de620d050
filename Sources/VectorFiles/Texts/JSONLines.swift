// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON

extension JSONValue {
    /// What an id may be, for messages.
    static let idDescription = "an integer from -9223372036854775808 to 18446744073709551615 or a string"

    /// An id: an integer or a string.
    var id: RowID? {
        switch self {
        case .string(let text): .string(text)
        case .integer(let number): .integer(number)
        case .unsigned(let number): .unsigned(number)
        default: nil
        }
    }
}

/// The lines of a file of JSON objects. Empty lines are skipped but counted.
enum JSONLines {
    /// Calls `body` with the number (from 1) and the object of each line of bytes that are a part of a file.
    static func read(
        _ bytes: Span<UInt8>,
        path: String,
        _ body: (Int, JSONValue) throws(VectorFileError) -> Void
    ) throws(VectorFileError) {
        try TextLines.read(bytes, path: path) { number, line throws(VectorFileError) in
            if let object = try object(line, number, path) { try body(number, object) }
        }
    }

    /// The object of a line; nil if the line is empty.
    static func object(
        _ line: String,
        _ number: Int,
        _ path: String
    ) throws(VectorFileError) -> JSONValue? {
        guard line.contains(where: { !$0.isWhitespace }) else { return nil }
        let value: JSONValue
        do {
            value = try JSONParser.parse(Array(line.utf8))
        } catch {
            throw .refused(
                path,
                place: "line \(number)",
                "expected a JSON object, found no valid JSON: \(error.message) at byte \(error.offset + 1) of the line"
            )
        }
        guard case .object = value else {
            throw .refused(path, place: "line \(number)", "expected a JSON object, found \(value.summary)")
        }
        return value
    }
}
