// SPDX-License-Identifier: Apache-2.0

/// The formats that the endings of file names stand for.
package enum FileFormat: String, Sendable, CaseIterable {
    case npy, fvecs, simile, txt, jsonl, csv, svg, html
    case bvecs, ivecs, fbin, f16bin, u8bin, i8bin, safetensors, parquet

    /// The format of a file by the ending of its name, in any case of letters; nil if nobody knows it.
    package init?(path: String) {
        let path = path.vectorFilePath
        guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return nil }
        self.init(rawValue: path[path.index(after: dot)...].lowercased())
    }

    /// Vector files that this version reads and writes.
    package static let vectors: [FileFormat] = VectorFormat.all.map(\.format)
    /// Text files that this version reads.
    package static let texts: [FileFormat] = [.txt, .jsonl, .csv, .parquet]

    /// The format of `path` if it is one of `formats`.
    ///
    /// - Throws: ``VectorFileError`` of kind `unknownFormat` that lists `formats`.
    package static func of(_ path: String, among formats: [FileFormat], for purpose: String) throws(VectorFileError)
        -> FileFormat
    {
        let list = formats.map { ".\($0.rawValue)" }.joined(separator: ", ")
        guard let format = FileFormat(path: path) else {
            throw .unknownFormat(path, "unknown ending for \(purpose); expected one of \(list)")
        }
        guard formats.contains(format) else {
            throw .unknownFormat(
                path,
                ".\(format.rawValue) is not supported for \(purpose) in this version; expected one of \(list)"
            )
        }
        return format
    }
}

extension String {
    /// The path without the ending of its last component: `a/r.npy` gives `a/r`.
    package var withoutPathEnding: String {
        guard let dot = lastIndex(of: "."), !self[dot...].contains("/") else { return self }
        return String(self[..<dot])
    }
}
