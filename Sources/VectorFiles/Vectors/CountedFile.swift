// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// The `.fbin` family of the billion-scale benchmarks (big-ann-benchmarks): rows and dimension as two int32, then all components,
/// row after row, little-endian: float32 (`.fbin`), float16 (`.f16bin`), uint8 (`.u8bin`) or int8 (`.i8bin`).
enum CountedFile {
    static func storage(
        _ bytes: SharedBytes,
        elementType: ElementType,
        path: String
    ) throws(VectorFileError) -> RowStorage {
        let length = bytes.byteCount
        let (rows, dimension) = try bytes.withBytes { span throws(VectorFileError) in
            guard span.count >= 8 else {
                throw .refused(path, place: "header", "truncated: expected 8 bytes, found \(span.count)")
            }
            let rows: UInt32 = span.integer(at: 0)
            let dimension: UInt32 = span.integer(at: 4)
            return (Int(rows), Int(dimension))
        }
        guard (1...RowStorage.dimensionLimit).contains(dimension) else {
            throw .refused(
                path,
                place: "header",
                "expected a dimension from 1 to \(RowStorage.dimensionLimit), found \(dimension)"
            )
        }
        // At most 2^32 * 2^22 * 8.
        let needed = 8 + rows * dimension * elementType.byteCount
        guard length == needed else {
            let kind = length < needed ? "truncated: " : ""
            throw .refused(
                path,
                place: "data",
                "\(kind)\(rows) vectors of \(dimension) components take \(needed) bytes, found \(length)"
            )
        }
        guard
            let storage = RowStorage(
                bytes: bytes,
                elementType: elementType,
                rowCount: rows,
                dimension: dimension,
                byteOffset: 8,
                rowByteStride: dimension * elementType.byteCount
            )
        else { throw .refused(path, "expected \(rows) vectors of \(dimension) components, found fewer bytes") }
        return storage
    }
}
