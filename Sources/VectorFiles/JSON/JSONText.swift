// SPDX-License-Identifier: Apache-2.0

package import Similarity

/// JSON text of single values. Floats are written with the shortest text that reads back to the same float.
package enum JSONText {
    /// A string in quotes, with the escapes that JSON demands.
    package static func of(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// An id: a number or a string.
    package static func of(_ id: RowID) -> String {
        switch id {
        case .integer(let value): String(value)
        case .string(let value): of(value)
        }
    }
}
