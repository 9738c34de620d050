// SPDX-License-Identifier: Apache-2.0

/// Sums of rows in `Double`: each row times its weight, added one after the other in the order given, so that a sum depends on nothing
/// else.
package enum RowSums {
    /// The sum of some rows, a component after the other.
    ///
    /// - Parameters:
    ///   - count: How many they are.
    ///   - number: The row that is added at a turn.
    ///   - weight: What a row is multiplied with.
    /// - Complexity: reads each row once.
    package static func sum(
        count: Int,
        of storage: RowStorage,
        number: (Int) -> Int,
        weight: (Int) -> Double
    ) -> [Double] {
        let dimension = storage.dimension
        var sums = [Double](repeating: 0, count: dimension)
        var tile = RowTile()
        let vectorEnd = dimension & ~7
        unsafe sums.withUnsafeMutableBufferPointer { buffer in
            guard let sums = buffer.baseAddress else { return }
            for turn in 0..<count {
                let row = number(turn)
                tile.loadComponents(row..<row + 1, of: storage)
                let (x, factor) = unsafe (tile.row(at: 0), weight(row))
                var i = 0
                while i < vectorEnd {
                    let values = unsafe UnsafeRawPointer(x + i).loadUnaligned(as: SIMD8<Float>.self)
                    let target = unsafe UnsafeMutableRawPointer(sums + i)
                    let sum = unsafe target.loadUnaligned(as: SIMD8<Double>.self)
                    unsafe target.storeBytes(of: sum + SIMD8<Double>(values) * factor, as: SIMD8<Double>.self)
                    i &+= 8
                }
                while i < dimension {
                    unsafe sums[i] += Double(x[i]) * factor
                    i &+= 1
                }
            }
        }
        return sums
    }
}
