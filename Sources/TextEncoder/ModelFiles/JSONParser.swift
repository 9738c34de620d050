// SPDX-License-Identifier: Apache-2.0

/// Reads one JSON document (RFC 8259) from bytes.
///
/// Strict where a lenient reader would guess: no comments, no trailing commas, no control characters in strings,
/// nothing after the document. Nesting is limited, so no file can exhaust the stack.
package struct JSONParser {
    /// What is wrong, and the byte at which it was seen.
    package struct Failure: Error {
        package let message: String
        package let offset: Int
    }

    private static let maxDepth = 128
    private let bytes: [UInt8]
    private var place = 0

    /// Parses a whole document.
    package static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.place = 3 }
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.place == bytes.count else { throw parser.failure("the end of the document was expected") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ message: String) -> Failure { Failure(message: message, offset: place) }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    /// Steps over the byte after white space if it is the one given.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.maxDepth else { throw failure("nested deeper than \(Self.maxDepth)") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func members(depth: Int) throws(Failure) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        place += 1
        if take("}") { return members }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("a key was expected") }
            let key = try string()
            guard take(":") else { throw failure("a colon was expected") }
            members.append(.init(key: key, value: try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw failure("a comma or the end of an object was expected") }
        return members
    }

    private mutating func elements(depth: Int) throws(Failure) -> [JSONValue] {
        var elements: [JSONValue] = []
        place += 1
        if take("]") { return elements }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw failure("a comma or the end of an array was expected") }
        return elements
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw failure("a value was expected") }
        place += word.utf8.count
        return value
    }

    private mutating func number() throws(Failure) -> Double {
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) {
            place += 1
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        // Swift's reader also takes a leading plus sign, point or zero; JSON does not, and nobody writes them.
        guard let number = Double(text), number.isFinite else {
            place = start
            throw failure("a value was expected")
        }
        return number
    }

    private mutating func string() throws(Failure) -> String {
        place += 1
        var content: [UInt8] = []
        var runStart = place
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("a control character stands in a string") }
            place += 1
            if byte == UInt8(ascii: "\\") {
                content += bytes[runStart..<place - 1]
                content += try escape()
                runStart = place
            }
        }
        guard next != nil else { throw failure("a string has no end") }
        content += bytes[runStart..<place]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw failure("a string is not valid UTF-8")
        }
        place += 1
        return text
    }

    private mutating func escape() throws(Failure) -> [UInt8] {
        guard let byte = next else { throw failure("a string has no end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            let first = try hexadecimal()
            guard (0xD800..<0xDC00).contains(first) else { return try encode(UInt32(first)) }
            guard bytes[place...].starts(with: #"\u"#.utf8) else { throw failure("half a surrogate pair") }
            place += 2
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second) else { throw failure("half a surrogate pair") }
            return try encode(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
        default: throw failure("an unknown escape stands in a string")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt16 {
        let digits = bytes[place...].prefix(4)
        guard digits.count == 4, let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw failure("four hexadecimal digits were expected")
        }
        place += 4
        return value
    }

    private func encode(_ value: UInt32) throws(Failure) -> [UInt8] {
        guard let scalar = Unicode.Scalar(value), let bytes = UTF8.encode(scalar) else {
            throw failure("half a surrogate pair")
        }
        return Array(bytes)
    }
}
