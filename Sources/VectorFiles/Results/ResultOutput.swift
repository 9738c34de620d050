// SPDX-License-Identifier: Apache-2.0

package import System

/// Where a result goes: one file of lines or columns, or a group of `.npy` files with a common stem.
package struct ResultOutput {
    /// Formats of result files.
    package static let formats: [FileFormat] = [.jsonl, .csv, .npy, .parquet]

    package let format: FileFormat
    package let files: FileGroup
    /// The one file of lines or columns; nil for `.npy`.
    package let single: AtomicFile?
    /// `a/r` for `a/r.npy`.
    package let stem: String

    /// The endings that a result of several `.npy` files may have, whichever operation it is of.
    private static let parts = [
        "rows.npy.ids.jsonl", "pairs.npy.ids.jsonl", "offsets.npy", "scores.npy", "rows.npy", "pairs.npy",
    ]

    /// The path that was asked for, and every file that writing a result to it may replace or remove.
    package static func touchedPaths(_ path: String) -> [String] {
        FileFormat(path: path) == .npy ? [path] + parts.map { "\(path.withoutPathEnding).\($0)" } : [path]
    }

    /// Looks at the name and makes the first temporary file, so that an output that cannot be written is known before
    /// the work begins.
    package init(
        path: String,
        purpose: String,
        registeredIn registry: TemporaryFiles?
    ) throws(VectorFileError) {
        format = try FileFormat.of(path, among: Self.formats, for: purpose)
        files = FileGroup(registeredIn: registry)
        stem = path.withoutPathEnding
        guard format == .npy else {
            single = try files.add(path)
            return
        }
        single = nil
        for part in Self.touchedPaths(path).dropFirst() {
            // A probe; it removes itself at once.
            _ = try AtomicFile(part, registeredIn: registry)
            // Parts of an older result, of this operation or another, must not be taken for parts of this one.
            files.supersede(part)
        }
    }
}
