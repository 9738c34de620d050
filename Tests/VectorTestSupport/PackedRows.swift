// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import System

/// A storage of a test could not be made: its bytes are too few.
package struct PackingFailure: Error {}

/// Raw bytes as a storage of rows without gaps, `byteOffset` bytes after the (64-byte aligned) start.
package func packedBytes(
    _ raw: [UInt8],
    _ type: ElementType,
    rowCount: Int,
    dimension: Int,
    byteOffset: Int
) throws -> RowStorage {
    var words: [Float] = []
    for start in stride(from: 0, to: raw.count, by: 4) {
        var bits: UInt32 = 0
        for i in 0..<4 where start + i < raw.count { bits |= UInt32(raw[start + i]) << UInt32(8 * i) }
        words.append(Float(bitPattern: bits))
    }
    guard
        let storage = RowStorage(
            bytes: SharedBytes(copying: words),
            elementType: type,
            rowCount: rowCount,
            dimension: dimension,
            byteOffset: byteOffset,
            rowByteStride: dimension * type.byteCount
        )
    else { throw PackingFailure() }
    return storage
}

/// Rows as a storage of any element type; the values must be representable in it.
package func packedRows(_ rows: [[Float]], as type: ElementType, byteOffset: Int = 0) throws -> RowStorage {
    guard let dimension = rows.first?.count else { throw PackingFailure() }
    var raw = [UInt8](repeating: 0xEE, count: byteOffset)
    for value in rows.joined() {
        let bits: UInt64 =
            switch type {
            case .float32: UInt64(value.bitPattern)
            case .float64: Double(value).bitPattern
            case .float16: UInt64(halfBits(value))
            case .int8: UInt64(UInt8(bitPattern: Int8(value)))
            case .uint8: UInt64(UInt8(value))
            case .int32: UInt64(UInt32(bitPattern: Int32(value)))
            }
        for i in 0..<type.byteCount { raw.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * i))) }
    }
    return try packedBytes(raw, type, rowCount: rows.count, dimension: dimension, byteOffset: byteOffset)
}

/// The half of a float that is one exactly and is normal or zero, which is all that these tests need.
private func halfBits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(bits >> 31) << 15
    if value == 0 { return sign }
    precondition((-14...15).contains(value.exponent) && bits & 0x1FFF == 0, "\(value) is no normal half")
    return sign | UInt16(value.exponent + 15) << 10 | UInt16((bits & 0x7F_FFFF) >> 13)
}
