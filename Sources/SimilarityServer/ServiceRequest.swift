// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
package import TextEncoder

/// The body of a request for embeddings or neighbors, read member by member: it never takes much more memory than its bytes.
package struct ServiceRequest {
    package private(set) var texts: [String]?
    package private(set) var vectors: [[Float]]?
    package private(set) var model: String?
    package private(set) var corpus: String?
    package private(set) var k: Int?
    package private(set) var dimensions: Int?
    package private(set) var isBase64 = false
    package private(set) var role: TextRole?
    package private(set) var includesTexts = false

    /// - Parameter limit: Texts or vectors that a request may hold.
    /// - Throws: ``ServiceError``.
    package init(_ body: [UInt8], limit: Int) throws {
        var parser = JSONParser(body)
        var field: String?
        do {
            try parser.eachMember { key, parser throws(JSONParser.Failure) in
                field = key
                try read(key, &parser, limit: limit)
            }
            field = nil
            try parser.end()
        } catch {
            throw ServiceError.invalid(
                "\(error.message), at byte \(error.offset) of the body",
                parameter: field,
                code: field == nil ? "invalid_json" : "invalid_value"
            )
        }
    }

    private mutating func read(
        _ key: String,
        _ parser: inout JSONParser,
        limit: Int
    ) throws(JSONParser.Failure) {
        switch key {
        case "input": texts = try Self.texts(&parser, limit: limit)
        case "vectors": vectors = try Self.vectors(&parser, limit: limit)
        case "model": model = try parser.string()
        case "corpus": corpus = try parser.string()
        case "k": k = try Self.count(key, &parser)
        case "dimensions": dimensions = try Self.count(key, &parser)
        case "encoding_format":
            let format = try parser.string()
            guard ["float", "base64"].contains(format) else {
                throw parser.failure("encoding_format '\(format)': expected float or base64")
            }
            isBase64 = format == "base64"
        case "input_type":
            let type = try parser.string()
            switch type {
            case "query", "search_query": role = .query
            case "document", "passage", "search_document": role = .document
            default: throw parser.failure("input_type '\(type)': expected query or document")
            }
        case "include_texts":
            guard let flag = try parser.value().flag else { throw parser.failure("expected true or false") }
            includesTexts = flag
        // Who asks, for a bill that nobody writes here.
        case "user": _ = try parser.string()
        default: throw parser.failure("unknown field '\(key)'")
        }
    }

    private static func texts(_ parser: inout JSONParser, limit: Int) throws(JSONParser.Failure) -> [String] {
        guard parser.peek() == UInt8(ascii: "[") else {
            guard parser.peek() == UInt8(ascii: "\"") else {
                throw parser.failure("expected a text or a list of texts")
            }
            return [try parser.string()]
        }
        var texts: [String] = []
        try parser.eachElement { parser throws(JSONParser.Failure) in
            guard texts.count < limit else { throw parser.failure("more than \(limit) texts in a request") }
            guard parser.peek() == UInt8(ascii: "\"") else {
                throw parser.failure("expected texts; tokens are not taken, since they are of another tokenizer")
            }
            texts.append(try parser.string())
        }
        if texts.isEmpty { throw parser.failure("expected at least one text") }
        return texts
    }

    private static func vectors(_ parser: inout JSONParser, limit: Int) throws(JSONParser.Failure) -> [[Float]] {
        var vectors: [[Float]] = []
        try parser.eachElement { parser throws(JSONParser.Failure) in
            guard vectors.count < limit else { throw parser.failure("more than \(limit) vectors in a request") }
            var vector: [Float] = []
            try parser.eachElement { parser throws(JSONParser.Failure) in
                vector.append(Float(try parser.double()))
            }
            vectors.append(vector)
        }
        if vectors.isEmpty { throw parser.failure("expected at least one vector") }
        return vectors
    }

    private static func count(_ key: String, _ parser: inout JSONParser) throws(JSONParser.Failure) -> Int {
        guard let number = try parser.number().integer, number >= 1 else {
            throw parser.failure("\(key): expected a whole number from 1")
        }
        return number
    }
}
