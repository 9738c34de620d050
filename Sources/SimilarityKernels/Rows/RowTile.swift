// SPDX-License-Identifier: Apache-2.0

/// A run of rows as floats, with their canonical norms: borrowed where they lie if they are aligned floats, else
/// converted into scratch of its own. One worker owns a tile and loads it again and again.
///
/// Memory: at most `rows * dimension` floats of scratch for the largest load that needed conversion, and one `Double`
/// a row. Not copyable: a struct in its owner's hands needs no run-time checks of exclusive access in the inner loops.
@safe package struct RowTile: ~Copyable {
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

    /// The largest norm of a valid row: beyond it a product of two rows could leave the range of `Float`.
    package static let normLimit = 1e19

    /// Whether every loaded row has finite components and a norm of at most `normLimit`.
    package private(set) var isValid = true

    /// Loads rows of a matrix and computes their norms: `2 * dimension` operations a row, one read of the rows.
    package mutating func load(_ rows: Range<Int>, of storage: RowStorage, level: KernelLevel) {
        loadComponents(rows, of: storage)
        let norms = unsafe reserveNorms()
        unsafe Verdict.squaredNorms(
            level,
            rows: base,
            stride: stride,
            count: rows.count,
            depth: dimension,
            into: norms
        )
        unsafe finishNorms(norms)
    }

    /// Loads rows as `load` does and, in the same read of them, their dot products with one query.
    mutating func load(
        _ rows: Range<Int>,
        of storage: RowStorage,
        level: KernelLevel,
        query: UnsafePointer<Float>,
        scores: UnsafeMutablePointer<Float>
    ) {
        loadComponents(rows, of: storage)
        let norms = unsafe reserveNorms()
        unsafe DotRows.scoreWithNorms(
            level,
            query: query,
            rows: base,
            stride: stride,
            count: rows.count,
            depth: dimension,
            into: scores,
            squaredNorms: norms
        )
        unsafe finishNorms(norms)
    }

    private mutating func reserveNorms() -> UnsafeMutablePointer<Double> {
        if unsafe normBuffer.count < rows.count {
            unsafe normBuffer.deallocate()
            unsafe normBuffer = .allocate(capacity: rows.count)
        }
        return unsafe normBuffer.baseAddress.unsafelyUnwrapped
    }

    /// Turns squared norms into norms and looks for one beyond the limit.
    private mutating func finishNorms(_ norms: UnsafeMutablePointer<Double>) {
        var isValid = true
        for i in 0..<rows.count {
            let norm = unsafe norms[i].squareRoot()
            unsafe norms[i] = norm
            isValid = isValid && norm <= Self.normLimit
        }
        self.isValid = isValid
    }

    /// Loads rows of a matrix without their norms, which must not be asked for then.
    mutating func loadComponents(_ rows: Range<Int>, of storage: RowStorage) {
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
    package func dot(_ index: Int, with other: borrowing RowTile, _ otherIndex: Int, level: KernelLevel) -> Double {
        assert(dimension == other.dimension)
        return unsafe Verdict.dot(level, row(at: index), other.row(at: otherIndex), depth: dimension)
    }

    /// The canonical squared distance of a row of this tile and a row of another, in `Double`.
    @inline(__always)
    package func squaredDistance(
        _ index: Int,
        from other: borrowing RowTile,
        _ otherIndex: Int,
        level: KernelLevel
    ) -> Double {
        assert(dimension == other.dimension)
        return unsafe Verdict.squaredDistance(level, row(at: index), other.row(at: otherIndex), depth: dimension)
    }
}
