// SPDX-License-Identifier: Apache-2.0

/// distances[r] <- the number of bits in which row r and a query differ.
///
/// Requires: `query` readable for `width` bytes, `rows` for `width * count`, one row behind the other, `distances` writable for `count` numbers
/// and apart from them; any alignment; `8 * width < 2^32`; `count == 0` and `width == 0` are fine.
package enum HammingScan {
    @inline(__always)
    package static func distances(
        _ level: KernelLevel,
        query: UnsafePointer<UInt8>,
        rows: UnsafePointer<UInt8>,
        width: Int,
        count: Int,
        into distances: UnsafeMutablePointer<UInt32>
    ) {
        unsafe level.kernels.hamming(query, rows, width, count, distances)
    }

    static func reference(
        _ query: UnsafePointer<UInt8>,
        _ rows: UnsafePointer<UInt8>,
        _ width: Int,
        _ count: Int,
        _ distances: UnsafeMutablePointer<UInt32>
    ) {
        for r in 0..<count {
            var distance = 0
            for i in 0..<width { unsafe distance &+= (query[i] ^ rows[r &* width &+ i]).nonzeroBitCount }
            unsafe distances[r] = UInt32(truncatingIfNeeded: distance)
        }
    }

    /// The distances of all rows of packed bits from the bits of a query.
    ///
    /// - Precondition: `bits` are bytes that lie one row behind the other, as many in a row as the query has.
    package static func distances(
        of query: [UInt8],
        to bits: RowStorage,
        level: KernelLevel,
        into distances: inout [UInt32]
    ) {
        precondition(bits.elementType == .uint8 && bits.isContiguous && query.count == bits.dimension)
        precondition(distances.count == bits.rowCount)
        unsafe query.withUnsafeBufferPointer { query in
            unsafe distances.withUnsafeMutableBufferPointer { target in
                guard let query = query.baseAddress, let target = target.baseAddress else { return }
                unsafe Self.distances(
                    level,
                    query: query,
                    rows: bits.address(ofRow: 0).assumingMemoryBound(to: UInt8.self),
                    width: bits.dimension,
                    count: bits.rowCount,
                    into: target
                )
            }
        }
    }
}
