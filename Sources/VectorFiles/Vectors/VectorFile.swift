// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import SimilarityKernels
package import System

/// Reads and writes vector files; the format is told by the ending of the name.
///
/// - `.npy`: two dimensions, C order, little-endian; float32 is memory-mapped and never copied, float16, float64, int8
///   and uint8 are converted (float64: rounded) tile by tile while they are used. Written as float32.
/// - `.fvecs`, `.bvecs`, `.ivecs`: each vector is its dimension as int32 and then its components, float32, uint8 or int32;
///   memory-mapped. int32 components are rounded to `Float` beyond 2^24.
/// - `.fbin`, `.f16bin`, `.u8bin`, `.i8bin`: rows and dimension as two int32, then float32, float16, uint8 or int8 components;
///   memory-mapped.
/// - `.safetensors`: a tensor of two dimensions, the only one or that of `v.safetensors#name`; memory-mapped.
/// - `.jsonl`: an object a line with the vector in one of its fields, and perhaps an id; read, and held in memory.
/// - `.csv`: a list of numbers in one of its columns, and perhaps an id; read, and held in memory.
/// - `.parquet`: lists of float16, float or double in one of its columns, and perhaps an id; read, and held in memory. Written with the columns `embedding` and,
///   for ids, `id`.
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
    /// - Complexity: the header is read; `.fvecs` and its like: 4 bytes a row, to check that all dimensions are equal.
    /// - Parameters:
    ///   - path: The file.
    ///   - vectorField: The field of a `.jsonl` file, or the column of a `.csv` or `.parquet` file, that holds the vectors.
    ///   - idField: The field or column that holds the ids; nil means `id`, if it is there.
    /// - Throws: ``VectorFileError``.
    public static func read(
        _ path: String,
        vectorField: String = "embedding",
        idField: String? = nil
    ) throws(VectorFileError) -> VectorMatrix {
        switch try FileFormat.of(path, among: FileFormat.vectors + [.jsonl, .csv, .parquet, .simile], for: "vectors") {
        case .simile: return try PreparedCorpusFile.read(path).vectors
        case .csv: return try CSVVectors.read(path, column: vectorField, idColumn: idField)
        case .parquet: return try ParquetVectors.read(path, column: vectorField, idColumn: idField)
        case .jsonl: return try JSONVectors.read(path, field: vectorField, idField: idField)
        case let format: return try matrix(try mapped(path), path: path, format: format)
        }
    }

    /// The rows of a file that is mapped, without the ids that stand beside it.
    package static func rows(_ path: String) throws(VectorFileError) -> VectorMatrix {
        let format = try FileFormat.of(path, among: FileFormat.vectors, for: "vectors")
        return try matrix(try mapped(path), path: path, format: format, withIDs: false)
    }

    /// The matrix of a mapped vector file.
    static func matrix(
        _ bytes: SharedBytes,
        path: String,
        format: FileFormat,
        withIDs: Bool = true
    ) throws(VectorFileError) -> VectorMatrix {
        guard let reader = VectorFormat.of(format) else {
            throw .unknownFormat(path, ".\(format.rawValue) is not a format of vectors")
        }
        let storage = try reader.storage(bytes, path)
        if !withIDs { return VectorMatrix(storage: storage) }
        let ids = try RowIDFile.readIfPresent(besides: path, vectors: bytes, rowCount: storage.rowCount)
        return VectorMatrix(storage: storage, ids: ids)
    }

    /// Writes a matrix with the components that the format has (`.npy`: float32), and its ids beside it if it has any.
    ///
    /// Components of a format of integers must be integers already; float16 ones are rounded.
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
    package static func mapped(_ path: String) throws(VectorFileError) -> SharedBytes {
        let bytes: SharedBytes
        do {
            bytes = try SharedBytes(mapping: path.vectorFilePath)
        } catch {
            throw .refused(path, "cannot \(error.operation): \(error.reason)")
        }
        guard bytes.byteCount > 0 else {
            throw .refused(path, "expected a \(path.fileKind) file, found no bytes at all")
        }
        return bytes
    }
}

extension String {
    /// The ending of a path with its dot, for messages.
    var fileKind: String { FileFormat(path: self).map { ".\($0.rawValue)" } ?? "readable" }
}
