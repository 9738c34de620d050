// SPDX-License-Identifier: Apache-2.0

/// A batch of rotations of two neighboring rows, kept back so that they can be applied a strip of columns at a time: the
/// strip stays in the cache for all of the batch, where a sweep over whole rows would stream the matrix through it.
package struct PlaneRotations {
    private struct Rotation {
        let row: Int
        let cosine: Double
        let sine: Double
    }

    private var rotations: [Rotation] = []
    private let columns: Int

    init(columns: Int) { self.columns = columns }

    /// Whether it is time to apply the batch: its list has then about the size of a strip.
    var isFull: Bool { rotations.count >= 4096 }

    /// Row `row + 1` becomes `cosine * row[row + 1] + sine * row[row]`, and row `row` what is orthogonal to it.
    mutating func append(row: Int, cosine: Double, sine: Double) {
        rotations.append(Rotation(row: row, cosine: cosine, sine: sine))
    }

    mutating func removeAll() { rotations.removeAll(keepingCapacity: true) }

    /// Applies the rotations in order to rows `stride` elements apart, a multiple of 8 that is at least `columns`.
    package func apply(to rows: UnsafeMutablePointer<Double>, stride: Int) {
        for start in Swift.stride(from: 0, to: columns, by: 8) { unsafe apply(toStrip: rows + start, stride: stride) }
    }

    /// Eight columns are one cache line a row, and in registers two rows of them fit. A sweep goes up row by row, so the
    /// upper row of one rotation is the lower row of the next: it is held, and each row is read and written once.
    private func apply(toStrip strip: UnsafeMutablePointer<Double>, stride: Int) {
        guard let first = rotations.first else { return }
        var heldRow = first.row + 1
        var held = unsafe SIMD8<Double>(loading: strip, at: heldRow &* stride)
        for rotation in rotations {
            if heldRow != rotation.row &+ 1 {
                unsafe held.store(to: strip, at: heldRow &* stride)
                heldRow = rotation.row &+ 1
                held = unsafe SIMD8<Double>(loading: strip, at: heldRow &* stride)
            }
            let upper = unsafe SIMD8<Double>(loading: strip, at: rotation.row &* stride)
            unsafe (rotation.cosine * held + rotation.sine * upper).store(to: strip, at: heldRow &* stride)
            held = rotation.cosine * upper - rotation.sine * held
            heldRow = rotation.row
        }
        unsafe held.store(to: strip, at: heldRow &* stride)
    }
}
