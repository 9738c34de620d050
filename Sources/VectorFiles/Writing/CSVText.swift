// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// Fields of a comma-separated file (RFC 4180).
enum CSVText {
    /// A field, in quotes if it has a comma, a quote or a line end.
    static func of(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// An id, or nothing for a side without ids.
    static func of(_ id: RowID?) -> String { id.map { of($0.description) } ?? "" }
}
