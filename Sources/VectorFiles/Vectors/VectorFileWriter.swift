// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import SimilarityKernels

/// Writes a matrix as float32 (`.npy` or `.fvecs`), and its ids beside it if it has any; ids of an older file of that
/// name are removed.
package struct VectorFileWriter {
    private let path: String
    private let format: FileFormat
    private let files: FileGroup
    private let file: AtomicFile

    /// Every file that writing a matrix to `path` may replace or remove.
    package static func touchedPaths(_ path: String) -> [String] { [path, RowIDFile.path(besides: path)] }

    /// Looks at the name and makes the temporary file, so that an output that cannot be written is known before the work
    /// begins.
    package init(path: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        self.path = path
        format = try FileFormat.of(path, among: FileFormat.vectors, for: "vectors")
        files = FileGroup(registeredIn: registry)
        file = try files.addMarker(path)
    }

    /// Writes the matrix and publishes it.
    ///
    /// - Parameter check: Called now and then; throws to give up.
    package func write(_ matrix: VectorMatrix, check: () throws -> Void = {}) throws {
        if format == .fvecs, matrix.rowCount == 0 {
            throw VectorFileError.notWritten(path, "an .fvecs file cannot hold a matrix with no rows; .npy can")
        }
        let idPath = RowIDFile.path(besides: path)
        files.supersede(idPath)
        if let ids = matrix.ids { try RowIDFile.write(ids, to: try files.add(idPath)) }
        if format == .npy {
            file.write(NumpyHeader.bytes(descriptor: "<f4", shape: [matrix.rowCount, matrix.dimension]))
        }
        for row in 0..<matrix.rowCount {
            if row % 1024 == 0 { try check() }
            if format == .fvecs { try file.write(littleEndian: [Int32(clamping: matrix.dimension)]) }
            try file.write(floats: matrix[row])
        }
        try check()
        try files.commit()
    }
}
