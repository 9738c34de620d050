// SPDX-License-Identifier: Apache-2.0

/// Puts rows that are near each other into one block: a k-d tree over the strongest components, cut at multiples of a block.
///
/// What it gains is the cut: a query that looks at its nearest blocks first knows a good one from the start. Results do not
/// depend on it.
struct RowGrouping {
    /// Components of row `i` from `i * width` on.
    let components: [Float]
    let width: Int
    let blockRows: Int

    /// Reorders some rows.
    ///
    /// - Complexity: about `n (width + 1) log(n / blockRows)`, deterministic.
    func grouped(_ rows: [UInt32]) -> [UInt32] {
        if width == 0 || rows.count <= blockRows { return rows }
        var rows = rows
        var pending = [0..<rows.count]
        while let range = pending.popLast() {
            if range.count <= blockRows { continue }
            let axis = widestAxis(rows[range])
            let blocks = (range.count + blockRows - 1) / blockRows
            let middle = range.lowerBound + blocks / 2 * blockRows
            split(&rows, range, at: middle, axis: axis)
            pending.append(range.lowerBound..<middle)
            pending.append(middle..<range.upperBound)
        }
        return rows
    }

    /// The component with the largest variance over some rows, from a sample of them.
    private func widestAxis(_ rows: ArraySlice<UInt32>) -> Int {
        let step = max(1, rows.count / 1024)
        var sums = [Float](repeating: 0, count: width)
        var squares = [Float](repeating: 0, count: width)
        var count: Float = 0
        for index in stride(from: rows.startIndex, to: rows.endIndex, by: step) {
            let first = Int(rows[index]) * width
            for axis in 0..<width {
                let value = components[first + axis]
                sums[axis] += value
                squares[axis] += value * value
            }
            count += 1
        }
        var widest = 0
        var most: Float = -1
        for axis in 0..<width {
            let variance = squares[axis] / count - sums[axis] / count * (sums[axis] / count)
            if variance > most { (widest, most) = (axis, variance) }
        }
        return widest
    }

    /// Moves the rows with the least components before `middle`. Ties go by row number, so the outcome is one.
    private func split(_ rows: inout [UInt32], _ range: Range<Int>, at middle: Int, axis: Int) {
        var keys: [UInt64] = []
        keys.reserveCapacity(range.count)
        for row in rows[range] {
            let bits = components[Int(row) * width + axis].bitPattern
            // The order of floats as unsigned integers.
            let key = bits >> 31 == 1 ? ~bits : bits | 0x8000_0000
            keys.append(UInt64(key) << 32 | UInt64(row))
        }
        keys.partition(at: middle - range.lowerBound)
        for (offset, key) in keys.enumerated() { rows[range.lowerBound + offset] = UInt32(truncatingIfNeeded: key) }
    }
}

extension [UInt64] {
    /// Moves the least `count` elements, which all differ, to the front: quickselect, with the median of three as pivot, and
    /// a sort where the pivots are no good.
    mutating func partition(at count: Int) {
        var (low, high) = (0, self.count - 1)
        var passesLeft = 64
        while low < high {
            if passesLeft == 0 { return self[low...high].sort() }
            passesLeft -= 1
            let middle = low + (high - low) / 2
            let (a, b, c) = (self[low], self[middle], self[high])
            let pivot = Swift.max(Swift.min(a, b), Swift.min(Swift.max(a, b), c))
            var (i, j) = (low, high)
            while i <= j {
                while self[i] < pivot { i += 1 }
                while self[j] > pivot { j -= 1 }
                if i <= j {
                    swapAt(i, j)
                    i += 1
                    j -= 1
                }
            }
            if count <= j { high = j } else if count >= i { low = i } else { return }
        }
    }
}
