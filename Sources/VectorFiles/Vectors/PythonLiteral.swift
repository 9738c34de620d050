// SPDX-License-Identifier: Apache-2.0

/// Reads the few Python literals that a `.npy` header is made of: a dictionary of strings, booleans, integers, tuples and
/// lists. Anything else gives nil; nothing is executed.
struct PythonLiteral {
    indirect enum Value: Equatable {
        case string(String)
        case boolean(Bool)
        case integer(Int)
        case tuple([Value])
        case list([Value])
        case dictionary([Entry])
    }

    struct Entry: Equatable {
        let key: String
        let value: Value
    }

    private let text: [UInt8]
    /// Where reading stopped, in bytes from the start of the text.
    private(set) var position = 0
    private var depth = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The one value of the text, or nil if it is not exactly one.
    mutating func parse() -> Value? {
        guard let value = value() else { return nil }
        skipSpace()
        return position == text.count ? value : nil
    }

    private mutating func value() -> Value? {
        depth += 1
        defer { depth -= 1 }
        guard depth < 16 else { return nil }
        skipSpace()
        guard position < text.count else { return nil }
        switch text[position] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "("): return items(closing: UInt8(ascii: ")")).map { .tuple($0) }
        case UInt8(ascii: "["): return items(closing: UInt8(ascii: "]")).map { .list($0) }
        case UInt8(ascii: "{"): return dictionary()
        case UInt8(ascii: "T"): return take("True") ? .boolean(true) : nil
        case UInt8(ascii: "F"): return take("False") ? .boolean(false) : nil
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return integer()
        default: return nil
        }
    }

    private mutating func string() -> String? {
        let quote = text[position]
        let start = position + 1
        guard let end = text[start...].firstIndex(where: { $0 == quote || $0 == UInt8(ascii: "\\") }),
            text[end] == quote
        else { return nil }
        position = end + 1
        return String(validating: text[start..<end], as: UTF8.self)
    }

    private mutating func integer() -> Value? {
        var number = 0
        while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) {
            let (tenfold, overflow1) = number.multipliedReportingOverflow(by: 10)
            let (next, overflow2) = tenfold.addingReportingOverflow(Int(text[position] - UInt8(ascii: "0")))
            if overflow1 || overflow2 { return nil }
            number = next
            position += 1
        }
        _ = take("L")  // Python 2 wrote long integers so.
        return .integer(number)
    }

    private mutating func items(closing: UInt8) -> [Value]? {
        position += 1
        var items: [Value] = []
        while true {
            skipSpace()
            guard position < text.count else { return nil }
            if text[position] == closing {
                position += 1
                return items
            }
            guard let item = value() else { return nil }
            items.append(item)
            guard takeComma(orEndAt: closing) else { return nil }
        }
    }

    private mutating func dictionary() -> Value? {
        position += 1
        let closing = UInt8(ascii: "}")
        var entries: [Entry] = []
        while true {
            skipSpace()
            guard position < text.count else { return nil }
            if text[position] == closing {
                position += 1
                return .dictionary(entries)
            }
            guard case .string(let key)? = value() else { return nil }
            skipSpace()
            guard take(":"), let value = value() else { return nil }
            entries.append(Entry(key: key, value: value))
            guard takeComma(orEndAt: closing) else { return nil }
        }
    }

    private mutating func takeComma(orEndAt closing: UInt8) -> Bool {
        skipSpace()
        return take(",") || (position < text.count && text[position] == closing)
    }

    private mutating func take(_ word: String) -> Bool {
        guard text[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
    }
}
