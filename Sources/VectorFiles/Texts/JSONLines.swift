// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Similarity

/// One line of a `.jsonl` file: a JSON object whose fields are looked up by name.
struct JSONObject: Decodable {
    /// A field's value, as far as anybody here asks for it.
    enum Value {
        case string(String)
        case integer(Int64)
        case array
        case other
    }

    private var fields: [String: Value] = [:]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        for name in container.allKeys {
            if let text = try? container.decode(String.self, forKey: name) {
                fields[name.stringValue] = .string(text)
            } else if let number = try? container.decode(Int64.self, forKey: name) {
                fields[name.stringValue] = .integer(number)
            } else if (try? container.nestedUnkeyedContainer(forKey: name)) != nil {
                fields[name.stringValue] = .array
            } else {
                fields[name.stringValue] = .other
            }
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    subscript(name: String) -> Value? { fields[name] }

    func string(_ name: String) -> String? {
        if case .string(let text)? = fields[name] { text } else { nil }
    }

    func integer(_ name: String) -> Int? {
        if case .integer(let number)? = fields[name] { Int(exactly: number) } else { nil }
    }

    /// An id: an integer or a string.
    func id(_ name: String) -> RowID? {
        switch fields[name] {
        case .string(let text)?: .string(text)
        case .integer(let number)?: .integer(number)
        default: nil
        }
    }
}

/// The lines of a file of JSON objects. Empty lines are skipped but counted.
enum JSONLines {
    /// Calls `body` with the number (from 1) and the object of each line.
    static func read(
        _ path: String, _ body: (Int, JSONObject) throws(VectorFileError) -> Void
    ) throws(VectorFileError) {
        let decoder = JSONDecoder()
        try TextLines.read(path) { number, line throws(VectorFileError) in
            guard let object = try object(line, number, path, decoder) else { return true }
            try body(number, object)
            return true
        }
    }

    /// The object of the first line that is not empty, or nil if there is none.
    static func first(_ path: String) throws(VectorFileError) -> JSONObject? {
        let decoder = JSONDecoder()
        var first: JSONObject?
        try TextLines.read(path) { number, line throws(VectorFileError) in
            first = try object(line, number, path, decoder)
            return first == nil
        }
        return first
    }

    private static func object(
        _ line: String, _ number: Int, _ path: String, _ decoder: JSONDecoder
    ) throws(VectorFileError) -> JSONObject? {
        guard line.contains(where: { !$0.isWhitespace }) else { return nil }
        do {
            return try decoder.decode(JSONObject.self, from: Data(line.utf8))
        } catch {
            throw .refused(path, place: "line \(number)", "expected a JSON object: \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.dataCorrupted: "the line is not valid JSON"
        case DecodingError.typeMismatch: "found another JSON value"
        default: "the line cannot be read"
        }
    }
}
