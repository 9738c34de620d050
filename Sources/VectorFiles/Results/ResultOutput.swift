// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

/// Where a result goes: one file of lines, or a group of `.npy` files with a common stem.
package struct ResultOutput {
    /// Formats of result files.
    package static let formats: [FileFormat] = [.jsonl, .csv, .npy]

    package let format: FileFormat
    package let files: FileGroup
    /// The one file of lines; nil for `.npy`.
    package let single: AtomicFile?
    /// `a/r` for `a/r.npy`.
    package let stem: String

    /// Looks at the name and makes the first temporary file, so that an output that cannot be written is known before
    /// the work begins.
    package init(
        path: String, purpose: String, registeredIn registry: TemporaryFiles?
    ) throws(VectorFileError) {
        format = try FileFormat.of(path, among: Self.formats, for: purpose)
        files = FileGroup(registeredIn: registry)
        stem = path.withoutPathEnding
        if format == .npy {
            single = nil
            // A probe of the folder; it removes itself at once.
            _ = try AtomicFile(stem + ".scores.npy", registeredIn: registry)
        } else {
            single = try files.add(path)
        }
    }
}
