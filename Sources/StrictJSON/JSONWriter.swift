// SPDX-License-Identifier: Apache-2.0

/// JSON text, value by value, as UTF-8.
///
///     let line = JSONWriter.line { line in
///         line.field("row", 7)
///         line.field("scores", array: { $0.value(0.5 as Float) })
///     }
///
/// Objects and arrays are closures, so that none stays open; a member without a key, or one with a key in an array, is a mistake of the
/// program and traps.
package struct JSONWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []
    private let hasSpaces: Bool
    private var depth = 0
    private var isInObject = false
    private var isBroken = false
    private var isFirst = true

    private init(hasSpaces: Bool) {
        self.hasSpaces = hasSpaces
        bytes.reserveCapacity(128)
    }

    // MARK: Whole texts

    /// An object without spaces and without an end of line.
    package static func object(_ body: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var writer = JSONWriter(hasSpaces: false)
        try writer.object(body)
        return writer.bytes
    }

    /// The same as a text.
    package static func objectText(_ body: (inout JSONWriter) throws -> Void) rethrows -> String {
        String(decoding: try object(body), as: UTF8.self)
    }

    /// The same with an end of line.
    package static func line(_ body: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        try object(body) + [UInt8(ascii: "\n")]
    }

    /// A value on a line.
    package static func line(of value: some JSONWritable) -> [UInt8] {
        var writer = JSONWriter(hasSpaces: false)
        value.write(to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// An object for a file that a person may open: a member a line, with spaces.
    package static func document(_ body: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var writer = JSONWriter(hasSpaces: true)
        try writer.nested("{", "}", isObject: true, inLines: true, body)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    // MARK: Members of an object

    /// A member; null for nil.
    package mutating func field(_ name: String, _ value: some JSONWritable) {
        key(name)
        value.write(to: &self)
    }

    /// A member; none for nil.
    package mutating func field(_ name: String, ifAny value: (some JSONWritable)?) {
        if let value { field(name, value) }
    }

    /// A member that is an object.
    package mutating func field(_ name: String, object body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try nested("{", "}", isObject: true, inLines: false, body)
    }

    /// A member that is an array.
    ///
    /// - Parameter inLines: Whether each element stands on a line of its own.
    package mutating func field(
        _ name: String,
        inLines: Bool = false,
        array body: (inout JSONWriter) throws -> Void
    ) rethrows {
        key(name)
        try nested("[", "]", isObject: false, inLines: inLines, body)
    }

    // MARK: Elements of an array

    /// An element.
    package mutating func value(_ value: some JSONWritable) {
        beginElement()
        value.write(to: &self)
    }

    /// An element that is an object.
    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginElement()
        try nested("{", "}", isObject: true, inLines: false, body)
    }

    /// An element that is an array.
    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginElement()
        try nested("[", "]", isObject: false, inLines: false, body)
    }

    // MARK: The text

    private mutating func key(_ name: String) {
        precondition(isInObject, "a member of an array has no name: \(name)")
        separate()
        append(quoted: name)
        bytes.append(UInt8(ascii: ":"))
        if hasSpaces { bytes.append(UInt8(ascii: " ")) }
    }

    private mutating func beginElement() {
        precondition(!isInObject, "a member of an object has a name")
        if depth > 0 { separate() } else { precondition(bytes.isEmpty, "a text is one value") }
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        if isBroken {
            breakLine()
        } else if !isFirst, hasSpaces {
            bytes.append(UInt8(ascii: " "))
        }
        isFirst = false
    }

    private mutating func breakLine() {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<2 * depth { bytes.append(UInt8(ascii: " ")) }
    }

    private mutating func nested(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        isObject: Bool,
        inLines: Bool,
        _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        let outer = (isInObject, isBroken)
        bytes.append(UInt8(ascii: open))
        (isInObject, isBroken, isFirst) = (isObject, inLines, true)
        depth += 1
        try body(&self)
        depth -= 1
        if inLines, !isFirst { breakLine() }
        bytes.append(UInt8(ascii: close))
        (isInObject, isBroken) = outer
        isFirst = false
    }

    fileprivate mutating func append(_ text: some Collection<UInt8>) { bytes.append(contentsOf: text) }

    /// A string in quotes, with the escapes that JSON demands, and for what a line of text or a terminal would take for something else.
    fileprivate mutating func append(quoted string: String) {
        bytes.append(UInt8(ascii: "\""))
        let text = string.utf8.span
        if text.indices.contains(where: { Self.mayNeedEscape(text[$0]) }) {
            var i = 0
            while i < text.count {
                let byte = text[i]
                // Line and paragraph separators: E2 80 A8 and E2 80 A9.
                if byte == 0xE2, i + 2 < text.count, text[i + 1] == 0x80, text[i + 2] & 0xFE == 0xA8 {
                    escape(0x2000 + UInt16(text[i + 2]) - 0x80)
                    i += 3
                    continue
                }
                if byte != 0xE2, Self.mayNeedEscape(byte) { escape(UInt16(byte)) } else { bytes.append(byte) }
                i += 1
            }
        } else {
            bytes.append(contentsOf: string.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F || byte == 0xE2
    }

    private mutating func escape(_ scalar: UInt16) {
        bytes.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x22, 0x5C: bytes.append(UInt8(scalar))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(UInt8(ascii: "u"))
            let digits = String(scalar, radix: 16)
            for _ in digits.utf8.count..<4 { bytes.append(UInt8(ascii: "0")) }
            bytes.append(contentsOf: digits.utf8)
        }
    }
}

/// What a `JSONWriter` writes.
package protocol JSONWritable {
    /// Writes the value where the writer stands.
    func write(to writer: inout JSONWriter)
}

extension Int: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append(description.utf8) }
}

extension Int64: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append(description.utf8) }
}

extension UInt64: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append(description.utf8) }
}

/// The shortest text that reads back to the same float; null for what is no number in JSON.
extension Float: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append((isFinite ? description : "null").utf8) }
}

/// The shortest text that reads back to the same number; null for what is no number in JSON.
extension Double: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append((isFinite ? description : "null").utf8) }
}

extension Bool: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append(description.utf8) }
}

extension String: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.append(quoted: self) }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        if let self { self.write(to: &writer) } else { writer.append("null".utf8) }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.nestedArray { writer in for element in self { writer.value(element) } }
    }
}

/// A number as it is to stand there, e.g. with a fixed count of digits.
package struct JSONNumber: JSONWritable {
    private let text: String

    /// - Precondition: `text` is a number of JSON.
    package init(_ text: String) { self.text = text }

    package func write(to writer: inout JSONWriter) { writer.append(text.utf8) }
}

extension JSONWriter {
    /// The object that a `JSONWritable` is.
    package mutating func nestedObject(_ body: (inout JSONWriter) -> Void) {
        nested("{", "}", isObject: true, inLines: false, body)
    }

    fileprivate mutating func nestedArray(_ body: (inout JSONWriter) -> Void) {
        nested("[", "]", isObject: false, inLines: false, body)
    }
}
