// SPDX-License-Identifier: Apache-2.0

/// A run of rows as floats, with their canonical norms: borrowed where they lie if they are aligned floats, else
/// converted into scratch of its own. One worker owns a tile and loads it again and again.
///
/// Memory: at most `rows * dimension` floats of scratch for the largest load that needed conversion, and one `Double`
/// a row.
@safe package final class RowTile {
    private var storage: RowStorage?
    private var scratch: UnsafeMutableBufferPointer<Float>
    private var normBuffer: UnsafeMutableBufferPointer<Double>

    /// The rows that are loaded, by their numbers in the matrix.
    package private(set) var rows: Range<Int> = 0..<0
    private(set) var base: UnsafePointer<Float>
    private(set) var stride = 0
    package private(set) var dimension = 0

    package init() {
        unsafe scratch = .allocate(capacity: 1)
        unsafe normBuffer = .allocate(capacity: 1)
        unsafe base = UnsafePointer(scratch.baseAddress.unsafelyUnwrapped)
    }

    deinit {
        unsafe scratch.deallocate()
        unsafe normBuffer.deallocate()
    }

    /// Loads rows of a matrix and computes their norms: `2 * dimension` operations a row, one read of the rows.
    package func load(_ rows: Range<Int>, of storage: RowStorage, backend: KernelBackend) {
        loadComponents(rows, of: storage)
        if unsafe normBuffer.count < rows.count {
            unsafe normBuffer.deallocate()
            unsafe normBuffer = .allocate(capacity: rows.count)
        }
        let norms = unsafe normBuffer.baseAddress.unsafelyUnwrapped
        unsafe Verdict.squaredNorms(
            backend, rows: base, stride: stride, count: rows.count, depth: dimension, into: norms)
        for i in 0..<rows.count { unsafe norms[i] = norms[i].squareRoot() }
    }

    /// Loads rows of a matrix without their norms, which must not be asked for then.
    func loadComponents(_ rows: Range<Int>, of storage: RowStorage) {
        assert(rows.lowerBound >= 0 && rows.upperBound <= storage.rowCount)
        self.storage = storage
        self.rows = rows
        dimension = storage.dimension
        if storage.isDirect {
            unsafe base = storage.address(ofRow: rows.lowerBound).assumingMemoryBound(to: Float.self)
            stride = storage.floatStride
        } else {
            let needed = rows.count * dimension
            if unsafe scratch.count < needed {
                unsafe scratch.deallocate()
                unsafe scratch = .allocate(capacity: needed)
            }
            let start = unsafe scratch.baseAddress.unsafelyUnwrapped
            unsafe storage.copyRows(rows, into: start)
            unsafe base = UnsafePointer(start)
            stride = dimension
        }
    }

    /// The sum of all loaded components, in any order: nothing but a read of the rows, for measurements.
    func sum() -> Float {
        var total = SIMD8<Float>.zero
        var tail: Float = 0
        for row in 0..<rows.count {
            let p = unsafe UnsafeRawPointer(base + row &* stride)
            var i = 0
            while i &+ 32 <= dimension {
                // Four loads a step: the additions must not be what takes the time.
                let a = unsafe p.loadUnaligned(fromByteOffset: 4 &* i, as: SIMD8<Float>.self)
                let b = unsafe p.loadUnaligned(fromByteOffset: 4 &* i &+ 32, as: SIMD8<Float>.self)
                let c = unsafe p.loadUnaligned(fromByteOffset: 4 &* i &+ 64, as: SIMD8<Float>.self)
                let d = unsafe p.loadUnaligned(fromByteOffset: 4 &* i &+ 96, as: SIMD8<Float>.self)
                total += (a + b) + (c + d)
                i &+= 32
            }
            while i < dimension {
                unsafe tail += base[row &* stride &+ i]
                i &+= 1
            }
        }
        return total.sum() + tail
    }

    /// The norm of the `index`-th loaded row: `sqrt(dot(x, x))` in `Double`, not finite if the row is not.
    @inline(__always)
    package func norm(at index: Int) -> Double {
        assert(index >= 0 && index < rows.count)
        return unsafe normBuffer[index]
    }

    /// The address of the `index`-th loaded row.
    @inline(__always)
    func row(at index: Int) -> UnsafePointer<Float> {
        assert(index >= 0 && index < rows.count)
        return unsafe base + index &* stride
    }

    /// The canonical dot product of a row of this tile and a row of another, in `Double`.
    @inline(__always)
    package func dot(_ index: Int, with other: RowTile, _ otherIndex: Int, backend: KernelBackend) -> Double {
        assert(dimension == other.dimension)
        return unsafe Verdict.dot(backend, row(at: index), other.row(at: otherIndex), depth: dimension)
    }

    /// The canonical squared distance of a row of this tile and a row of another, in `Double`.
    @inline(__always)
    package func squaredDistance(
        _ index: Int, from other: RowTile, _ otherIndex: Int, backend: KernelBackend
    ) -> Double {
        assert(dimension == other.dimension)
        return unsafe Verdict.squaredDistance(backend, row(at: index), other.row(at: otherIndex), depth: dimension)
    }
}
