// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import SimilarityKernels

/// Reads and writes vector files; the format is told by the ending of the name.
///
/// - `.npy`: two dimensions, C order, little-endian; float32 is memory-mapped and never copied, float16, float64, int8
///   and uint8 are converted (float64: rounded) tile by tile while they are used. Written as float32.
/// - `.fvecs`: each vector is its dimension as int32 and then its float32 components; memory-mapped.
/// - `.simile`: the rows that a prepared corpus was made of, see ``PreparedCorpusFile``; not written here.
///
/// Ids stand beside a vector file: `v.npy` has them in `v.npy.ids.jsonl`, bound to it by its size and a checksum, one
/// `{"row":0,"id":...}` a line. Ids as earlier versions wrote them, in `v.ids.jsonl`, are read where no other vector file has that
/// stem.
public enum VectorFile {
    /// The matrix of a vector file, memory-mapped, with the ids that stand beside it.
    ///
    /// A file with no rows is fine; one of zero bytes is not. Values are not looked at: see
    /// `VectorMatrix.statistics`. The file must not be shortened while the matrix is in use.
    ///
    /// - Complexity: `.npy`: the header is read; `.fvecs`: 4 bytes a row, to check that all dimensions are equal.
    /// - Throws: ``VectorFileError``.
    public static func read(_ path: String) throws(VectorFileError) -> VectorMatrix {
        if FileFormat(path: path) == .simile { return try PreparedCorpusFile.read(path).vectors }
        let format = try FileFormat.of(path, among: FileFormat.vectors, for: "vectors")
        return try matrix(try mapped(path), path: path, format: format)
    }

    /// The matrix of a mapped vector file.
    static func matrix(
        _ bytes: SharedBytes,
        path: String,
        format: FileFormat
    ) throws(VectorFileError) -> VectorMatrix {
        let storage =
            switch format {
            case .fvecs: try FvecsFile.storage(bytes, path: path)
            default: try numpyStorage(bytes, path: path)
            }
        let ids = try RowIDFile.readIfPresent(besides: path, vectors: bytes, rowCount: storage.rowCount)
        return VectorMatrix(storage: storage, ids: ids)
    }

    /// Writes a matrix as float32, and its ids beside it if it has any.
    ///
    /// - Throws: ``VectorFileError``; there is then no partial file.
    public static func write(_ matrix: VectorMatrix, to path: String) throws(VectorFileError) {
        do {
            try VectorFileWriter(path: path).write(matrix)
        } catch let error as VectorFileError {
            throw error
        } catch {
            throw .notWritten(path, "\(error)")
        }
    }

    /// Maps an input file.
    static func mapped(_ path: String) throws(VectorFileError) -> SharedBytes {
        let bytes: SharedBytes
        do {
            bytes = try SharedBytes(mapping: path)
        } catch {
            throw .refused(path, "cannot \(error.operation): \(error.reason)")
        }
        guard bytes.byteCount > 0 else {
            throw .refused(path, "expected a \(path.fileKind) file, found no bytes at all")
        }
        return bytes
    }

    private static func numpyStorage(_ bytes: SharedBytes, path: String) throws(VectorFileError) -> RowStorage {
        let header = try bytes.withBytes { span throws(VectorFileError) in try NumpyHeader(span, path: path) }
        let type = try header.elementType(path: path)
        let shape = "(\(header.shape.map(String.init).joined(separator: ", "))\(header.shape.count == 1 ? "," : ""))"
        guard !header.isFortranOrder else {
            throw .refused(path, place: "header", "expected C order (rows one after the other), found Fortran order")
        }
        guard header.shape.count == 2 else {
            throw .refused(
                path,
                place: "header",
                "expected an array of two dimensions (rows, components), found shape \(shape)"
            )
        }
        guard header.shape[1] > 0 else {
            throw .refused(path, place: "header", "expected vectors of at least one component, found shape \(shape)")
        }
        guard header.shape[1] <= RowStorage.dimensionLimit else {
            throw .refused(
                path,
                place: "header",
                "expected at most \(RowStorage.dimensionLimit) components a vector, found shape \(shape)"
            )
        }
        let (rowBytes, overflow1) = header.shape[1].multipliedReportingOverflow(by: type.byteCount)
        let (dataBytes, overflow2) = rowBytes.multipliedReportingOverflow(by: header.shape[0])
        guard !overflow1, !overflow2 else {
            throw .refused(path, place: "header", "shape \(shape) is larger than any file")
        }
        guard
            let storage = RowStorage(
                bytes: bytes,
                elementType: type,
                rowCount: header.shape[0],
                dimension: header.shape[1],
                byteOffset: header.dataOffset,
                rowByteStride: rowBytes
            )
        else {
            throw .refused(
                path,
                place: "data",
                "truncated: shape \(shape) of '\(header.descriptor)' needs \(dataBytes) bytes, found \(bytes.byteCount - header.dataOffset)"
            )
        }
        let surplus = bytes.byteCount - header.dataOffset - dataBytes
        guard surplus == 0 else {
            throw .refused(
                path,
                place: "data",
                "shape \(shape) of '\(header.descriptor)' takes \(dataBytes) bytes, found \(surplus) bytes more after them: "
                    + "another array that was appended, or a damaged file; expected one array"
            )
        }
        return storage
    }
}

extension String {
    /// The ending of a path with its dot, for messages.
    var fileKind: String { FileFormat(path: self).map { ".\($0.rawValue)" } ?? "readable" }
}
