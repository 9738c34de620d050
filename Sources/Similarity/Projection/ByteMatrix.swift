// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// Rows of signed bytes, as ``VectorMatrix/bytes(by:)`` makes them: a quarter of the floats.
public struct ByteMatrix: Sendable {
    /// The same rows as a matrix whose components are widened while they are used, to be searched, joined or written; the block is shared.
    public let vectors: VectorMatrix

    /// Rows.
    public var rowCount: Int { vectors.rowCount }
    /// Components of each.
    public var dimension: Int { vectors.dimension }

    /// Rows of `bytes`, one after the other; they are copied.
    ///
    /// - Precondition: as of ``VectorMatrix/init(rowCount:dimension:values:ids:)``.
    public init(rowCount: Int, dimension: Int, bytes: [Int8], ids: [RowID]? = nil) {
        precondition(
            VectorMatrix.componentCount(rowCount: rowCount, dimension: dimension) == bytes.count,
            "\(bytes.count) bytes are no \(rowCount) x \(dimension) matrix"
        )
        vectors = VectorMatrix(
            bytes: SharedBytes(copying: bytes),
            of: .int8,
            rowCount: rowCount,
            dimension: dimension,
            ids: ids
        )
    }

    /// The bytes of one row.
    ///
    /// - Precondition: `0 <= row < rowCount`.
    public subscript(row: Int) -> [Int8] {
        vectors.storage.withBytes(ofRow: row) { span in (0..<span.count).map { Int8(bitPattern: span[$0]) } }
    }
}

/// Rows of bits, eight to a byte, as ``VectorMatrix/signBits()`` makes them: a thirty-second of the floats.
public struct PackedBits: Sendable {
    /// Bits of each row; the last byte of a row may have some that mean nothing.
    public let dimension: Int
    /// The bytes as a matrix, as they are written to a file; the block is shared.
    public let bytes: VectorMatrix

    /// Rows.
    public var rowCount: Int { bytes.rowCount }

    /// Rows of `bytes`, one after the other; they are copied.
    ///
    /// - Precondition: there are `(dimension + 7) / 8` bytes a row, and `ids` is nil or has one id a row.
    public init(rowCount: Int, dimension: Int, bytes: [UInt8], ids: [RowID]? = nil) {
        precondition(dimension >= 1, "rows of \(dimension) bits")
        let width = Self.byteCount(ofRowOf: dimension)
        precondition(
            VectorMatrix.componentCount(rowCount: rowCount, dimension: width) == bytes.count,
            "\(bytes.count) bytes are no \(rowCount) rows of \(dimension) bits"
        )
        self.dimension = dimension
        self.bytes = VectorMatrix(
            bytes: SharedBytes(copying: bytes),
            of: .uint8,
            rowCount: rowCount,
            dimension: width,
            ids: ids
        )
    }

    /// Bits that have been stored; nil if these are not bytes, or not as many as such rows have.
    public init?(_ bytes: VectorMatrix, dimension: Int) {
        guard bytes.storage.elementType == .uint8, bytes.storage.isContiguous, dimension >= 1,
            bytes.dimension == Self.byteCount(ofRowOf: dimension)
        else { return nil }
        self.dimension = dimension
        self.bytes = bytes
    }

    /// The bytes of one row.
    ///
    /// - Precondition: `0 <= row < rowCount`.
    public subscript(row: Int) -> [UInt8] {
        bytes.storage.withBytes(ofRow: row) { span in (0..<span.count).map { span[$0] } }
    }

    static func byteCount(ofRowOf dimension: Int) -> Int { dimension / 8 + (dimension % 8 > 0 ? 1 : 0) }

    /// The signs of components, in whole bytes.
    static func append(signsOf components: Span<Float>, to bytes: inout [UInt8]) {
        for start in stride(from: 0, to: components.count, by: 8) {
            var byte: UInt8 = 0
            for j in start..<min(start + 8, components.count) where components[j] > 0 { byte |= 128 >> UInt8(j % 8) }
            bytes.append(byte)
        }
    }
}
