// SPDX-License-Identifier: Apache-2.0

/// A JSON value, as model files and `.jsonl` lines hold them.
///
/// An object keeps its members in order and apart. A dictionary of strings could not: vocabularies hold pieces that
/// are canonically equivalent, which Swift strings call equal.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits: ids keep every digit.
    case integer(Int64)
    /// The same above the range of `Int64`.
    case unsigned(UInt64)
    case number(Double)
    /// A number beyond the range of `Double`, or one of the words that some writers put in the place of a number (`NaN`,
    /// `Infinity`): no harm where nobody asks for it.
    case unreadable(String)
    case string(String)
    /// A text with half a surrogate pair in it, as programs write that cut texts by UTF-16: no harm where nobody asks for it.
    case halfText
    case array([JSONValue])
    case object([Member])

    package struct Member: Sendable {
        package let key: String
        package let value: JSONValue
    }

    /// The member of an object with this key, the last one if there are several; nil for everything else.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var flag: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    package var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .unsigned(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// The number as an integer, if it is one.
    package var integer: Int? {
        switch self {
        case .integer(let number): Int(exactly: number)
        case .number(let number): abs(number) <= 0x1p53 ? Int(exactly: number) : nil
        default: nil
        }
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// What the value is, for messages: `the number 3`, `an array`.
    package var summary: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "the number \(number)"
        case .unsigned(let number): "the number \(number)"
        case .unreadable(let text): "\(text.prefix(40)), which is not a number that can be read"
        case .number(let number): "the number \(Int(exactly: number).map(String.init) ?? "\(number)")"
        case .string(let text): "\"\(text.prefix(40))\""
        case .halfText: "a text with half a surrogate pair"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
