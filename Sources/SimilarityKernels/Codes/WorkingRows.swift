// SPDX-License-Identifier: Apache-2.0

internal import System

/// Rows on their way to codes: copied as floats, made unit vectors if asked, and rotated. One worker owns it.
///
/// Memory: two blocks of floats of the largest load. Not copyable, like `RowTile`.
@safe struct WorkingRows: ~Copyable {
    private var vectors: UnsafeMutableBufferPointer<Float>
    private var rotated: UnsafeMutableBufferPointer<Float>
    private(set) var count = 0
    private var dimension = 0
    private var columns = 0
    private var level = KernelLevel.reference
    /// Canonical norms of the rows as they were, not finite for a row that is not.
    private(set) var norms: [Double] = []

    init() {
        unsafe vectors = .allocate(capacity: 1)
        unsafe rotated = .allocate(capacity: 1)
    }

    deinit {
        unsafe vectors.deallocate()
        unsafe rotated.deallocate()
    }

    /// `eta` with `|w - x/|x|| <= eta` for the unit vector `w` that `load` makes of a row: one rounding to `Float` a
    /// component (and 2^-53 before), and what underflow takes.
    static func normalizationError(dimension: Int) -> Double {
        0x1p-24 * (1 + 0x1p-20) + Double(dimension).squareRoot() * 0x1p-149
    }

    /// Loads rows `rowNumber(0)` ... `rowNumber(count - 1)`.
    mutating func load(
        count: Int,
        of storage: RowStorage,
        normalizing: Bool,
        level: KernelLevel,
        rowNumber: (Int) -> Int
    ) {
        self.count = count
        self.level = level
        dimension = storage.dimension
        columns = 0
        if unsafe vectors.count < count * dimension {
            unsafe vectors.deallocate()
            unsafe vectors = .allocate(capacity: count * dimension)
        }
        norms.removeAll(keepingCapacity: true)
        for i in 0..<count {
            let row = rowNumber(i)
            let vector = unsafe vectors.baseAddress.unsafelyUnwrapped + i * dimension
            unsafe storage.copyRows(row..<row + 1, into: vector)
            let norm = unsafe Verdict.dot(level, vector, vector, depth: dimension).squareRoot()
            norms.append(norm)
            if normalizing, norm > 0, norm.isFinite {
                let inverse = 1 / norm
                for j in 0..<dimension { unsafe vector[j] = Float(Double(vector[j]) * inverse) }
            }
        }
    }

    /// Takes `count` rows of `columns` coordinates that `fill` writes, as if they had been computed; `row(at:)` gives them.
    mutating func load(count: Int, columns: Int, fill: (_ row: Int, _ vector: UnsafeMutablePointer<Float>) -> Void) {
        self.count = count
        reserve(columns)
        let start = unsafe rotated.baseAddress.unsafelyUnwrapped
        for i in 0..<count { unsafe fill(i, start + i * columns) }
    }

    /// Computes coordinates `columns` of the rotated rows; `row(at:)` gives them.
    mutating func rotate(_ rotation: Rotation, columns: Range<Int>, gemm: GEMM.Provider) {
        if !rotation.isIdentity { return project(onto: rotation.matrix, columns, gemm: gemm) }
        reserve(columns.count)
        guard let start = unsafe rotated.baseAddress, let source = unsafe vectors.baseAddress else { return }
        for i in 0..<count {
            unsafe (start + i * columns.count).update(
                from: source + (i * dimension + columns.lowerBound),
                count: columns.count
            )
        }
    }

    /// Computes the products of the rows with rows `directions` of a row-major matrix; `row(at:)` gives them.
    mutating func project(onto matrix: [Float], _ directions: Range<Int>, gemm: GEMM.Provider) {
        precondition(directions.upperBound * dimension <= matrix.count)
        reserve(directions.count)
        unsafe matrix.withUnsafeBufferPointer { matrix in
            guard let basis = matrix.baseAddress, let start = unsafe rotated.baseAddress,
                let source = unsafe vectors.baseAddress
            else { return }
            // A few rows are a matrix times vectors: a GEMM would pack all directions for them.
            if count < ScoreTile.rowwiseQueryLimit {
                for i in 0..<count {
                    unsafe DotRows.score(
                        level,
                        query: source + i * dimension,
                        rows: basis + directions.lowerBound * dimension,
                        stride: dimension,
                        count: directions.count,
                        depth: dimension,
                        into: start + i * directions.count
                    )
                }
                return
            }
            unsafe GEMM.multiplyTransposed(
                gemm,
                a: source,
                aStride: dimension,
                rows: count,
                b: basis + directions.lowerBound * dimension,
                bStride: dimension,
                columns: directions.count,
                depth: dimension,
                c: start,
                cStride: directions.count
            )
        }
    }

    private mutating func reserve(_ columnCount: Int) {
        columns = columnCount
        if unsafe rotated.count < count * columnCount {
            unsafe rotated.deallocate()
            unsafe rotated = .allocate(capacity: count * columnCount)
        }
    }

    /// The coordinates of the `index`-th row that were computed last.
    func row(at index: Int) -> UnsafePointer<Float> {
        assert(index >= 0 && index < count)
        return unsafe UnsafePointer(rotated.baseAddress.unsafelyUnwrapped + index * columns)
    }
}
