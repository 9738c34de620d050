// SPDX-License-Identifier: Apache-2.0

internal import Parquet
package import Similarity
internal import SimilarityKernels
package import System

/// Writes vectors in any format of ``VectorFormat``, and ids beside them if they have any (``RowIDFile``).
///
/// A matrix is written with ``write(_:sourceLines:check:)``. Vectors that come piece by piece are written with
/// ``begin(rows:dimension:)``, ``append(_:sourceLines:check:)`` for each piece, and ``finish(check:)``.
package final class VectorFileWriter {
    package let path: String
    private let format: VectorFormat
    /// Of a `.parquet` file, whose rows are columns, with their ids inside.
    private var columns: ParquetOutput?
    private let isParquet: Bool
    private let files: FileGroup
    private let file: AtomicFile
    private var idFile: AtomicFile?
    private var hasIDs = false
    private var headerLength = 0
    private var plannedRows = 0
    private var dimension = 0
    /// Rows so far.
    package private(set) var rowCount = 0
    /// Rows of halves that are all zero and were not.
    package private(set) var vanishedRowCount = 0

    /// Every file that writing a matrix to `path` may replace or remove.
    package static func touchedPaths(_ path: String) -> [String] { [path, RowIDFile.path(besides: path)] }

    /// Every file that reading a matrix from `path` may read.
    package static func readPaths(_ path: String) -> [String] {
        touchedPaths(path) + [RowIDFile.earlierPath(besides: path)]
    }

    /// Looks at the name and makes the temporary file, so that an output that cannot be written is known before the work
    /// begins.
    ///
    /// - Parameter component: What components are written as, where the format has a choice: `.npy` has; nil for the usual type.
    package init(
        path: String,
        component: ComponentType? = nil,
        registeredIn registry: TemporaryFiles? = nil
    ) throws(VectorFileError) {
        self.path = path
        guard path.vectorFilePath == path else {
            throw .unknownFormat(
                path,
                "the name of a tensor is for inputs; the one that is written is \(TensorFile.writtenName)"
            )
        }
        let name = try FileFormat.of(path, among: FileFormat.vectors + [.parquet], for: "vectors")
        isParquet = name == .parquet
        // Its components are those of .fbin.
        guard let usual = VectorFormat.of(isParquet ? .fbin : name) else {
            preconditionFailure("a format of vectors is in the table")
        }
        guard let format = component.map({ usual.writing($0) }) ?? usual else {
            throw .unknownFormat(
                path,
                "a .\(name.rawValue) file holds \(usual.component.rawValue), not \(component?.rawValue ?? ""); .npy holds both"
            )
        }
        self.format = format
        files = FileGroup(registeredIn: registry)
        file = try files.addMarker(path)
    }

    /// Writes the matrix and publishes it.
    ///
    /// - Parameters:
    ///   - sourceLines: As for ``append(_:sourceLines:check:)``.
    ///   - check: Called now and then; throws to give up.
    package func write(
        _ matrix: VectorMatrix,
        sourceLines: [Int]? = nil,
        check: () throws -> Void = {}
    ) throws {
        begin(rows: matrix.rowCount, dimension: matrix.dimension)
        try append(matrix, sourceLines: sourceLines, check: check)
        try finish(check: check)
    }

    /// Says how many rows are expected, and of which dimension. There may be fewer in the end, never more.
    package func begin(rows: Int, dimension: Int) {
        plannedRows = rows
        self.dimension = dimension
        if isParquet { return }
        let header = format.headerBytes(rows: rows, dimension: dimension)
        headerLength = header.count
        file.write(header)
    }

    /// Appends the rows of a matrix; either all pieces have ids or none has.
    ///
    /// - Parameter sourceLines: The line of the source that each row came from, if that is to be noted beside the ids.
    package func append(
        _ matrix: VectorMatrix,
        sourceLines: [Int]? = nil,
        check: () throws -> Void = {}
    ) throws {
        precondition(matrix.rowCount == 0 || matrix.dimension == dimension, "vectors of another dimension")
        precondition(rowCount + matrix.rowCount <= plannedRows, "more rows than were said to come")
        if isParquet {
            try appendColumns(matrix, check: check)
            rowCount += matrix.rowCount
            return
        }
        if matrix.ids != nil || sourceLines != nil {
            let idFile = try self.idFile ?? addIDFile(hasIDs: matrix.ids != nil)
            for i in 0..<matrix.rowCount {
                idFile.write(RowIDFile.line(rowCount + i, matrix.ids?[i], sourceLine: sourceLines?[i]))
                try idFile.flushIfLarge()
            }
        }
        if keeps(matrix), !format.hasRowDimensions, matrix.storage.isContiguous {
            try appendBlock(matrix.storage, check: check)
        } else if keeps(matrix) {
            try appendStoredRows(matrix.storage, check: check)
        } else {
            try appendRows(matrix, check: check)
        }
        rowCount += matrix.rowCount
    }

    /// Whether the components of a matrix are written as they are stored, without a detour by `Float`.
    package func keeps(_ matrix: VectorMatrix) -> Bool { format.component.elementType == matrix.storage.elementType }

    /// Rows whose bytes are those that are written, each behind its dimension where the format has one.
    private func appendStoredRows(_ rows: RowStorage, check: () throws -> Void) throws {
        for row in 0..<rows.rowCount {
            if row % 1024 == 0 { try check() }
            if format.hasRowDimensions { try file.write(littleEndian: [Int32(clamping: dimension)]) }
            try rows.withBytes(ofRow: row) { bytes throws(VectorFileError) in try file.write(bytes) }
        }
    }

    /// Rows that already lie as they are written, about a mebibyte at a time.
    private func appendBlock(_ rows: RowStorage, check: () throws -> Void) throws {
        let step = max(1, (1 << 20) / (rows.elementType.byteCount * rows.dimension))
        for start in stride(from: 0, to: rows.rowCount, by: step) {
            try check()
            let part = start..<min(start + step, rows.rowCount)
            try rows.withBytes(ofRows: part) { bytes throws(VectorFileError) in try file.write(bytes) }
        }
    }

    private func appendRows(_ matrix: VectorMatrix, check: () throws -> Void) throws {
        var bytes: [UInt8] = []
        for row in 0..<matrix.rowCount {
            if row % 1024 == 0 { try check() }
            if format.hasRowDimensions { try file.write(littleEndian: [Int32(clamping: dimension)]) }
            bytes.removeAll(keepingCapacity: true)
            let components = matrix[row]
            if let place = format.component.append(components, to: &bytes) {
                throw VectorFileError.notWritten(
                    path,
                    "row \(rowCount + row), component \(place): expected \(format.component.expectation) for "
                        + ".\(format.format.rawValue), found \(components[place])"
                )
            }
            if format.component == .float16, ComponentType.areZeroHalves(bytes), components.contains(where: { $0 != 0 })
            {
                vanishedRowCount += 1
            }
            try file.write(bytes.span)
        }
    }

    /// Rows of a `.parquet` file, some mebibytes at a time.
    private func appendColumns(_ matrix: VectorMatrix, check: () throws -> Void) throws {
        let areIntegers = matrix.ids?.areIntegers ?? false
        var output =
            columns
            ?? ParquetOutput(
                file,
                [.init("embedding", .float, isList: true)]
                    + (matrix.ids.map { [$0.parquetField("id")] } ?? [])
            )
        let step = max(1, (1 << 22) / matrix.dimension)
        for start in stride(from: 0, to: matrix.rowCount, by: step) {
            try check()
            let rows = start..<min(start + step, matrix.rowCount)
            var values: [Float] = []
            values.reserveCapacity(rows.count * matrix.dimension)
            for row in rows { values += matrix[row] }
            let vectors = ParquetOutput.Column.vectors(values, width: matrix.dimension)
            let ids = matrix.ids.map { [$0.parquetColumn(Array(rows), areIntegers: areIntegers)] } ?? []
            try output.append([vectors] + ids, rowCount: rows.count)
        }
        columns = output
    }

    private func addIDFile(hasIDs: Bool) throws(VectorFileError) -> AtomicFile {
        let idFile = try files.add(RowIDFile.path(besides: path))
        self.idFile = idFile
        self.hasIDs = hasIDs
        // Its place is kept; the checksum of the vectors is known in the end.
        idFile.write(RowIDFile.header(rowCount: 0, vectors: nil, hasIDs: hasIDs))
        return idFile
    }

    /// Publishes what has been appended.
    package func finish(check: () throws -> Void = {}) throws {
        if isParquet {
            var output = columns ?? ParquetOutput(file, [.init("embedding", .float, isList: true)])
            try output.finish()
            try check()
            return try files.commit()
        }
        let name = format.format.rawValue
        if case .none = format.header, rowCount == 0 {
            throw VectorFileError.notWritten(path, "a .\(name) file cannot hold a matrix with no rows; .npy can")
        }
        guard rowCount <= format.rowLimit else {
            throw VectorFileError.notWritten(
                path,
                "a .\(name) file holds at most \(format.rowLimit) rows, found \(rowCount)"
            )
        }
        if headerLength > 0, rowCount != plannedRows {
            try file.overwriteStart(
                format.headerBytes(rows: rowCount, dimension: dimension, length: headerLength)
            )
        }
        files.supersede(RowIDFile.path(besides: path))
        if idFile == nil, FileIdentity(path: RowIDFile.earlierPath(besides: path)) != nil {
            // Ids of an earlier version would be taken for those of these rows, which have none.
            _ = try addIDFile(hasIDs: false)
        }
        if let idFile {
            try idFile.overwriteStart(RowIDFile.header(rowCount: rowCount, vectors: file.mapped(), hasIDs: hasIDs))
        }
        try check()
        try files.commit()
    }
}
