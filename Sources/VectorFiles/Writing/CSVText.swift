// SPDX-License-Identifier: Apache-2.0

package import Similarity

/// Fields of a comma-separated file (RFC 4180).
package enum CSVText {
    /// A field, in quotes if it has a comma, a quote or a line end.
    package static func of(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        // By scalars: a quote with a combining mark is another character, but still a quote to every reader.
        var quoted = "\""
        for scalar in text.unicodeScalars {
            quoted.unicodeScalars.append(scalar)
            if scalar == "\"" { quoted.unicodeScalars.append(scalar) }
        }
        return quoted + "\""
    }

    /// An id, or nothing for a side without ids.
    package static func of(_ id: RowID?) -> String { id.map { of($0.description) } ?? "" }
}
