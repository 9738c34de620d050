// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// The formats of the TEXMEX corpora: each vector is its dimension (int32) followed by its components, little-endian, with no
/// header: float32 (`.fvecs`), uint8 (`.bvecs`) or int32 (`.ivecs`).
enum TexmexFile {
    static func storage(
        _ bytes: SharedBytes,
        elementType: ElementType,
        path: String
    ) throws(VectorFileError) -> RowStorage {
        let (rowCount, dimension) = try bytes.withBytes { span throws(VectorFileError) in
            try shape(of: span, componentBytes: elementType.byteCount, path: path)
        }
        guard
            let storage = RowStorage(
                bytes: bytes,
                elementType: elementType,
                rowCount: rowCount,
                dimension: dimension,
                byteOffset: 4,
                rowByteStride: 4 + elementType.byteCount * dimension
            )
        else { throw .refused(path, "expected \(rowCount) vectors of \(dimension) components, found fewer bytes") }
        return storage
    }

    private static func shape(
        of bytes: Span<UInt8>,
        componentBytes: Int,
        path: String
    ) throws(VectorFileError) -> (Int, Int) {
        guard bytes.count >= 4 else {
            throw .refused(path, place: "row 0", "truncated: expected 4 bytes of dimension, found \(bytes.count)")
        }
        let dimension = Int(bytes.integer(Int32.self, at: 0))
        guard (1...RowStorage.dimensionLimit).contains(dimension) else {
            throw .refused(
                path,
                place: "row 0",
                "expected a dimension from 1 to \(RowStorage.dimensionLimit), found \(dimension)"
            )
        }
        let rowBytes = 4 + componentBytes * dimension
        var row = 0
        var offset = 0
        while offset < bytes.count {
            guard bytes.count - offset >= rowBytes else {
                throw .refused(
                    path,
                    place: "row \(row)",
                    "truncated: expected \(rowBytes) bytes for a vector of \(dimension) components, found \(bytes.count - offset)"
                )
            }
            let found = Int(bytes.integer(Int32.self, at: offset))
            guard found == dimension else {
                throw .refused(
                    path,
                    place: "row \(row)",
                    "expected \(dimension) components as in row 0, found \(found)"
                )
            }
            row += 1
            offset += rowBytes
        }
        return (row, dimension)
    }
}
