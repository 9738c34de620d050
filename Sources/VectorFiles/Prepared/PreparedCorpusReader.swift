// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import SimilarityKernels
internal import System

/// Opens a prepared file: maps it, verifies its checksum and gives what is asked for.
package struct PreparedCorpusReader: Sendable {
    package let path: String
    let header: PreparedHeader
    private let layout: PreparedLayout
    private let bytes: SharedBytes

    /// - Complexity: reads the file once.
    /// - Throws: ``VectorFileError`` if it is missing, foreign, of another version, cut or damaged.
    package init(_ path: String) throws(VectorFileError) {
        self.path = path
        bytes = try VectorFile.mapped(path)
        (header, layout) = try bytes.withBytes { span throws(VectorFileError) in
            try PreparedHeader.read(span, path: path)
        }
    }

    /// Bytes of the file.
    var byteCount: Int { bytes.byteCount }

    /// The corpus, with the rows of its source.
    ///
    /// Codes that were made for kernels of another level, and that those of `level` cannot take, are coded again; results are the
    /// same. Whatever the codes say is taken as it is, but for numbers that could end the process: row numbers, norms and the
    /// rotation, whose coordinates become integers. The rest can only make a filter drop or keep the wrong pairs.
    ///
    /// - Parameter withIDs: Whether the ids of the rows are read, too.
    package func corpus(
        for level: KernelLevel = .current,
        withIDs: Bool = true
    ) throws(VectorFileError) -> PreparedCorpus {
        let vectors = header.embedsRows ? try embeddedRows(withIDs) : try sourceRows(withIDs: withIDs)
        guard let coded = CodedRows(image: layout.image, bytes: bytes, byteOffset: layout.codes.lowerBound) else {
            throw .refused(path, place: "codes", "expected \(layout.codes.count) bytes, found fewer")
        }
        var isCoded = [Bool](repeating: false, count: vectors.rowCount)
        let norms = 0...RowStatistics.normLimit
        for place in 0..<coded.rowCount {
            let row = coded.source(of: place)
            guard row < vectors.rowCount, !isCoded[row] else {
                throw .refused(
                    path,
                    place: "codes",
                    "expected each row below \(vectors.rowCount) at most once, found row \(row) at place \(place)"
                )
            }
            isCoded[row] = true
            let norm = coded.norm(of: place)
            guard norms.contains(norm), norm > 0 || header.metric != .cosine else {
                throw .refused(path, place: "codes", "expected the norm of a row that has a score, found \(norm)")
            }
        }
        return PreparedCorpus(
            vectors: vectors,
            metric: header.metric,
            coded: try recoded(coded, for: level),
            encoding: PreparedCorpus.encoding(
                metric: header.metric,
                dimension: header.dimension,
                rotation: try rotation()
            )
        )
    }

    private func recoded(_ coded: CodedRows, for level: KernelLevel) throws(VectorFileError) -> CodedRows {
        do {
            return try coded.recoded(for: level.codes, level: level, workers: Workers.available.count)
        } catch {
            throw .refused(path, place: "codes", "\(error)")
        }
    }

    private func rotation() throws(VectorFileError) -> Rotation {
        guard let defect = header.rotationDefect else { return .identity(dimension: header.dimension) }
        let rows = try storage(.float32, rowCount: header.dimension, at: layout.rotation, "rotation")
        var matrix: [Float] = []
        matrix.reserveCapacity(header.dimension * header.dimension)
        for i in 0..<header.dimension { matrix += rows.row(i) }
        // Rows of an orthogonal matrix are unit vectors. Finite and small coordinates keep those of rotated queries finite.
        guard matrix.allSatisfy({ abs($0) <= 2 }) else {
            throw .refused(path, place: "rotation", "expected coordinates of unit vectors, found others")
        }
        return Rotation(dimension: header.dimension, matrix: matrix, defect: defect)
    }

    private func embeddedRows(_ withIDs: Bool) throws(VectorFileError) -> VectorMatrix {
        let storage = try storage(header.elementType, rowCount: header.rowCount, at: layout.rows, "rows")
        guard header.idByteCount != nil, withIDs else { return VectorMatrix(storage: storage) }
        let ids = try bytes.withBytes { span throws(VectorFileError) in
            try RowIDFile.read(span.extracting(layout.ids), path: path, rowCount: header.rowCount, of: path)
        }
        return VectorMatrix(storage: storage, ids: ids)
    }

    private func storage(
        _ type: ElementType,
        rowCount: Int,
        at section: Range<Int>,
        _ place: String
    ) throws(VectorFileError) -> RowStorage {
        guard
            let storage = RowStorage(
                bytes: bytes,
                elementType: type,
                rowCount: rowCount,
                dimension: header.dimension,
                byteOffset: section.lowerBound,
                rowByteStride: header.dimension * type.byteCount
            )
        else { throw .refused(path, place: place, "expected \(section.count) bytes, found fewer") }
        return storage
    }
}
