// SPDX-License-Identifier: Apache-2.0

package import System

/// Where the rows of a matrix lie: shared bytes, the type of a component, and the place of each row.
@safe package struct RowStorage: Sendable {
    /// The largest dimension. Far above any embedding, and small enough that no product of sizes in a kernel overflows
    /// and that single precision still has an error bound (see `FilterBound`).
    package static let dimensionLimit = 1 << 22

    package let bytes: SharedBytes
    package let elementType: ElementType
    package let rowCount: Int
    package let dimension: Int
    /// Offset of the first component of row 0.
    private let byteOffset: Int
    /// Bytes from one row to the next.
    private let rowByteStride: Int
    /// The first component of row 0, which `bytes` keeps where it is.
    nonisolated(unsafe) private let first: UnsafeRawPointer

    /// Rows inside `bytes`. Returns nil if the last row would end beyond them, or if a size overflows.
    package init?(
        bytes: SharedBytes,
        elementType: ElementType,
        rowCount: Int,
        dimension: Int,
        byteOffset: Int,
        rowByteStride: Int
    ) {
        let (rowBytes, overflow) = dimension.multipliedReportingOverflow(by: elementType.byteCount)
        guard !overflow, rowCount >= 0, dimension > 0, dimension <= Self.dimensionLimit, byteOffset >= 0,
            rowByteStride >= rowBytes
        else { return nil }
        if rowCount > 0 {
            let (lastRow, overflow1) = (rowCount - 1).multipliedReportingOverflow(by: rowByteStride)
            let (lastStart, overflow2) = lastRow.addingReportingOverflow(byteOffset)
            let (end, overflow3) = lastStart.addingReportingOverflow(rowBytes)
            guard !overflow1, !overflow2, !overflow3, end <= bytes.byteCount else { return nil }
        }
        self.bytes = bytes
        self.elementType = elementType
        self.rowCount = rowCount
        self.dimension = dimension
        self.byteOffset = byteOffset
        self.rowByteStride = rowByteStride
        unsafe first = unsafe bytes.start + byteOffset
    }

    /// Some of the rows, where they lie.
    package func slice(_ rows: Range<Int>) -> RowStorage {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
        guard
            let slice = RowStorage(
                bytes: bytes,
                elementType: elementType,
                rowCount: rows.count,
                dimension: dimension,
                byteOffset: byteOffset + rows.lowerBound * rowByteStride,
                rowByteStride: rowByteStride
            )
        else { preconditionFailure("rows of a matrix lie inside its bytes") }
        return slice
    }

    /// Whether these are the same rows, where they lie.
    package func isSame(as other: RowStorage) -> Bool {
        bytes === other.bytes && byteOffset == other.byteOffset && rowByteStride == other.rowByteStride
            && rowCount == other.rowCount && dimension == other.dimension && elementType == other.elementType
    }

    /// Whether rows can be read as floats where they lie.
    package var isDirect: Bool {
        guard elementType == .float32, rowByteStride % 4 == 0 else { return false }
        return unsafe (Int(bitPattern: bytes.start) + byteOffset) % 4 == 0
    }

    /// The address of a row and, for direct rows, their distance in floats.
    func address(ofRow row: Int) -> UnsafeRawPointer {
        assert(row >= 0 && row <= rowCount)
        return unsafe first + row * rowByteStride
    }

    var floatStride: Int { rowByteStride / 4 }

    /// Copies the components of rows `rows` to `values`, as floats, one row after the other.
    func copyRows(_ rows: Range<Int>, into values: UnsafeMutablePointer<Float>) {
        for (i, row) in rows.enumerated() {
            unsafe ElementConversion.convert(
                .current,
                elementType,
                from: address(ofRow: row),
                count: dimension,
                into: values + i * dimension
            )
        }
    }

    /// Calls `body` with the bytes of one row as they are stored.
    package func withBytes<R: ~Copyable, E: Error>(
        ofRow row: Int,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(row >= 0 && row < rowCount, "row \(row) of a matrix with \(rowCount) rows")
        let bytes = unsafe UnsafeBufferPointer(
            start: address(ofRow: row).assumingMemoryBound(to: UInt8.self),
            count: dimension * elementType.byteCount
        )
        return try body(unsafe Span(_unsafeElements: bytes))
    }

    /// Calls `body` with the components of rows, one row after the other: where they lie, or widened or packed first where they do not lie so.
    package func withFloats<R: ~Copyable, E: Error>(
        ofRows rows: Range<Int>,
        _ body: (Span<Float>) throws(E) -> R
    ) throws(E) -> R {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
        if isDirect, rows.count <= 1 || isContiguous {
            let start = unsafe address(ofRow: rows.lowerBound).assumingMemoryBound(to: Float.self)
            let floats = unsafe UnsafeBufferPointer(start: start, count: rows.count * dimension)
            return try body(unsafe Span(_unsafeElements: floats))
        }
        let copy = unsafe [Float](unsafeUninitializedCapacity: rows.count * dimension) { buffer, count in
            if let start = buffer.baseAddress { unsafe copyRows(rows, into: start) }
            count = rows.count * dimension
        }
        return try body(copy.span)
    }

    /// Whether each row begins where the one before it ends.
    package var isContiguous: Bool { rowByteStride == dimension * elementType.byteCount }

    /// Calls `body` with the bytes of rows that lie one behind the other, as they are stored.
    ///
    /// - Precondition: ``isContiguous``, and `rows` are rows of the matrix.
    package func withBytes<R: ~Copyable, E: Error>(
        ofRows rows: Range<Int>,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(isContiguous && rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
        let bytes = unsafe UnsafeBufferPointer(
            start: address(ofRow: rows.lowerBound).assumingMemoryBound(to: UInt8.self),
            count: rows.count * rowByteStride
        )
        return try body(unsafe Span(_unsafeElements: bytes))
    }

    /// The components of one row as floats.
    package func row(_ row: Int) -> [Float] {
        precondition(row >= 0 && row < rowCount, "row \(row) of a matrix with \(rowCount) rows")
        return unsafe [Float](unsafeUninitializedCapacity: dimension) { buffer, count in
            if let start = buffer.baseAddress { unsafe copyRows(row..<row + 1, into: start) }
            count = dimension
        }
    }
}
