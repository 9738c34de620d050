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
    /// The document.
    package let bytes: [UInt8]
    private var place = 0
    private var depth = 0

    /// Parses a whole document.
    package static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value()
        try parser.end()
        return value
    }

    /// A parser at the start of a document, for callers who know what they are looking for: see ``eachMember(_:)``.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// Makes sure that nothing follows.
    package mutating func end() throws(Failure) {
        skipSpace()
        guard place == bytes.count else { throw failure("the end of the document was expected") }
    }

    package func failure(_ message: String) -> Failure { Failure(message: message, offset: place) }

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

    /// Reads the next value, whatever it is.
    package mutating func value() throws(Failure) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            try eachMember { key, parser throws(Failure) in
                members.append(.init(key: key, value: try parser.value()))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try eachElement { parser throws(Failure) in elements.append(try parser.value()) }
            return .array(elements)
        case UInt8(ascii: "\""):
            // Half a character does no harm where nobody asks for the text.
            let (text, half) = try readString()
            return half == nil ? .string(text) : .halfText
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    /// The first byte of the next value, which tells its kind; nil at the end.
    package mutating func peek() -> UInt8? {
        skipSpace()
        return next
    }

    /// Reads an object: `body` is called with each key and must read the value, in the order of the document.
    package mutating func eachMember(
        _ body: (String, inout JSONParser) throws(Failure) -> Void
    ) throws(Failure) {
        try open("{", "an object")
        if take("}") { return close() }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw failure("a key was expected") }
            let key = try string()
            guard take(":") else { throw failure("a colon was expected") }
            try body(key, &self)
        } while take(",")
        guard take("}") else { throw failure("a comma or the end of an object was expected") }
        close()
    }

    /// Reads an array: `body` is called for each element and must read it.
    package mutating func eachElement(_ body: (inout JSONParser) throws(Failure) -> Void) throws(Failure) {
        try open("[", "an array")
        if take("]") { return close() }
        repeat { try body(&self) } while take(",")
        guard take("]") else { throw failure("a comma or the end of an array was expected") }
        close()
    }

    private mutating func open(_ bracket: Unicode.Scalar, _ kind: String) throws(Failure) {
        guard depth < Self.maxDepth else { throw failure("nested deeper than \(Self.maxDepth)") }
        guard take(bracket) else { throw failure("\(kind) was expected") }
        depth += 1
    }

    private mutating func close() { depth -= 1 }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw failure("a value was expected") }
        place += word.utf8.count
        return value
    }

    /// Reads a number as the `Double` nearest to it.
    ///
    /// Up to fifteen digits with a small power of ten are exact in `Double`, and so is their product or quotient (W. Clinger,
    /// "How to read floating point numbers accurately", 1990, doi:10.1145/93542.93557); the others go the long way.
    package mutating func double() throws(Failure) -> Double {
        skipSpace()
        let start = place
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { place += 1 }
        var digits: UInt64 = 0
        var digitCount = 0
        var power = 0
        var hasPoint = false
        var (wholeCount, fractionCount) = (0, 0)
        let startsWithZero = next == UInt8(ascii: "0")
        while let byte = next {
            if (0x30...0x39).contains(byte) {
                if hasPoint { fractionCount += 1 } else { wholeCount += 1 }
                digits = digits &* 10 &+ UInt64(byte - 0x30)
                if digits > 0 { digitCount += 1 }
                if hasPoint { power -= 1 }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            place += 1
        }
        let isPlain = next.map { [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) } != true
        let isNumber =
            wholeCount > 0 && !(startsWithZero && wholeCount > 1) && hasPoint == (fractionCount > 0)
        if isPlain, isNumber, digitCount <= 15, power >= -22 {
            let value = Double(digits) / Self.powersOfTen[-power]
            return isNegative ? -value : value
        }
        place = start
        let value = try number()
        if let double = value.double { return double }
        // A number too large for Double is infinite, as IEEE 754 rounds it; the caller looks.
        guard case .unreadable(let text) = value, let number = Double(text) else {
            throw failure("a number was expected")
        }
        return number
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]

    /// Reads a number.
    package mutating func number() throws(Failure) -> JSONValue {
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) {
            place += 1
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        // Swift's readers also take a leading plus sign, point or zero, and a final point; JSON does not.
        let isNumber = Self.isNumber(bytes[start..<place])
        if isNumber, let integer = Int64(text) { return .integer(integer) }
        if isNumber, let integer = UInt64(text) { return .unsigned(integer) }
        if isNumber, let number = Double(text) { return number.isFinite ? .number(number) : .unreadable(text) }
        // Python writes these unless it is told not to.
        for word in ["NaN", "Infinity", "-Infinity"] where bytes[start...].starts(with: word.utf8) {
            place = start + word.utf8.count
            return .unreadable(word)
        }
        place = start
        throw failure("a value was expected")
    }

    /// Whether bytes are a number by the grammar of RFC 8259, section 6.
    private static func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
        var at = bytes.startIndex
        func digits() -> Int {
            let first = at
            while at < bytes.endIndex, (0x30...0x39).contains(bytes[at]) { at += 1 }
            return at - first
        }
        if at < bytes.endIndex, bytes[at] == UInt8(ascii: "-") { at += 1 }
        let first = at
        let whole = digits()
        if whole == 0 || (whole > 1 && bytes[first] == UInt8(ascii: "0")) { return false }
        if at < bytes.endIndex, bytes[at] == UInt8(ascii: ".") {
            at += 1
            if digits() == 0 { return false }
        }
        if at < bytes.endIndex, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.endIndex, [0x2B, 0x2D].contains(bytes[at]) { at += 1 }
            if digits() == 0 { return false }
        }
        return at == bytes.endIndex
    }

    /// The bytes of a string as they stand between its quotes, if it has no escapes; nil, and nothing is read, if it has.
    ///
    /// For long strings of a known alphabet. The bytes are not held to be UTF-8.
    package mutating func plainString() throws(Failure) -> Range<Int>? {
        guard peek() == UInt8(ascii: "\"") else { throw failure("a string was expected") }
        var end = place + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            guard bytes[end] >= 0x20 else { throw failure("a control character stands in a string") }
            if bytes[end] == UInt8(ascii: "\\") { return nil }
            end += 1
        }
        guard end < bytes.count else { throw failure("a string has no end") }
        defer { place = end + 1 }
        return place + 1..<end
    }

    /// Reads a string.
    package mutating func string() throws(Failure) -> String {
        let (text, half) = try readString()
        if let half { throw Failure(message: "half a surrogate pair", offset: half) }
        return text
    }

    /// Reads a string, and the place behind the first half of a surrogate pair in it, which stands as U+FFFD in the text.
    private mutating func readString() throws(Failure) -> (text: String, half: Int?) {
        guard peek() == UInt8(ascii: "\"") else { throw failure("a string was expected") }
        place += 1
        var content: [UInt8] = []
        var runStart = place
        var half: Int?
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("a control character stands in a string") }
            place += 1
            if byte == UInt8(ascii: "\\") {
                content += bytes[runStart..<place - 1]
                if let escaped = try escape() {
                    content += escaped
                } else {
                    half = half ?? place
                    content += "\u{FFFD}".utf8
                }
                runStart = place
            }
        }
        guard next != nil else { throw failure("a string has no end") }
        content += bytes[runStart..<place]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw failure("a string is not valid UTF-8")
        }
        place += 1
        return (text, half)
    }

    /// What stands behind a backslash; nil for half a surrogate pair.
    private mutating func escape() throws(Failure) -> [UInt8]? {
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
            guard (0xD800..<0xDC00).contains(first) else { return encoded(UInt32(first)) }
            guard bytes[place...].starts(with: #"\u"#.utf8) else { return nil }
            let start = place
            place += 2
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second) else {
                // Another escape, which is read for itself.
                place = start
                return nil
            }
            return encoded(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
        default: throw failure("an unknown escape stands in a string")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt16 {
        let digits = bytes[place...].prefix(4)
        // The initializer would take a sign.
        guard digits.count == 4, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            throw failure("four hexadecimal digits were expected")
        }
        place += 4
        return value
    }

    /// Nil for half a surrogate pair.
    private func encoded(_ value: UInt32) -> [UInt8]? {
        Unicode.Scalar(value).flatMap { UTF8.encode($0) }.map { Array($0) }
    }
}
