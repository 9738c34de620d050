// SPDX-License-Identifier: Apache-2.0

/// A JSON value as model files hold them.
///
/// An object keeps its members in order and apart. A dictionary of strings could not: vocabularies hold pieces that
/// are canonically equivalent, which Swift strings call equal.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
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
        if case .number(let number) = self { number } else { nil }
    }

    /// The number as an integer, if it is one; integers up to 2^53 are exact.
    package var integer: Int? {
        guard let double, abs(double) <= 0x1p53 else { return nil }
        return Int(exactly: double)
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// What the value is, for messages: `the number 3`, `an array`.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): "the number \(Int(exactly: number).map(String.init) ?? "\(number)")"
        case .string(let text): "\"\(text.prefix(40))\""
        case .array: "an array"
        case .object: "an object"
        }
    }
}
