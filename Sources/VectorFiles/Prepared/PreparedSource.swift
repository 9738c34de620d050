// SPDX-License-Identifier: Apache-2.0

internal import Similarity

/// The file that a corpus is prepared from, as it is now: take it before the rows are read.
package struct PreparedSource: Sendable {
    package let path: String
    let fingerprint: FileFingerprint

    /// - Complexity: reads the file once.
    /// - Throws: ``VectorFileError`` if it cannot be read.
    package init(_ path: String) throws(VectorFileError) {
        self.path = path
        fingerprint = try FileFingerprint(path: path)
    }

    /// Refuses a source that has changed since.
    func requireUnchanged() throws(VectorFileError) {
        if let difference = fingerprint.difference(from: path, bytes: try VectorFile.mapped(path)) {
            throw .refused(path, "changed while a corpus was prepared from it: \(difference)")
        }
    }

    /// Refuses a source that has other rows than these.
    ///
    /// - Complexity: reads both once.
    func requireRows(of vectors: VectorMatrix) throws(VectorFileError) {
        let format = try FileFormat.of(path, among: FileFormat.vectors, for: "the source of a prepared corpus")
        let source = try VectorFile.matrix(try VectorFile.mapped(path), path: path, format: format)
        guard source.rowCount == vectors.rowCount, source.dimension == vectors.dimension else {
            throw .refused(
                path,
                "expected the \(vectors.rowCount) x \(vectors.dimension) rows that were prepared, "
                    + "found \(source.rowCount) x \(source.dimension)"
            )
        }
        for row in 0..<source.rowCount
        where !source[row].elementsEqual(vectors[row], by: { $0.bitPattern == $1.bitPattern }) {
            throw .refused(path, place: "row \(row)", "expected the row that was prepared, found another")
        }
    }
}
