// SPDX-License-Identifier: Apache-2.0

/// The dot products of a tile of queries and a tile of corpus rows, and the scan over them: what stands between the
/// kernels and the safe code above. One worker owns it; its memory is that of the largest tile it has held. Not copyable,
/// like `RowTile`.
@safe package struct ScoreTile: ~Copyable {
    private var scores: UnsafeMutableBufferPointer<Float>
    private var candidates: UnsafeMutableBufferPointer<Int32>
    /// What the filter knows of each column: its norm and its offset.
    private var norms: UnsafeMutableBufferPointer<Float>
    private var offsets: UnsafeMutableBufferPointer<Float>
    private var columnCount = 0
    private var rowCount = 0
    private var scanStart = 0

    package init() {
        unsafe scores = .allocate(capacity: 1)
        unsafe candidates = .allocate(capacity: 1)
        unsafe norms = .allocate(capacity: 1)
        unsafe offsets = .allocate(capacity: 1)
    }

    deinit {
        unsafe scores.deallocate()
        unsafe candidates.deallocate()
        unsafe norms.deallocate()
        unsafe offsets.deallocate()
    }

    /// Below this many queries a tile is scored row by row: a GEMM would pack every corpus row to use it a few times.
    package static let rowwiseQueryLimit = 4

    /// Loads corpus rows and computes all their dot products with `queries` in single precision, within the slack of
    /// `GEMM`.
    package mutating func multiply(
        _ queries: borrowing RowTile,
        _ corpus: inout RowTile,
        loading rows: Range<Int>,
        of storage: RowStorage,
        gemm: GEMM.Provider,
        level: KernelLevel
    ) {
        rowCount = queries.rows.count
        columnCount = rows.count
        reserve(rows: rowCount, columns: columnCount)
        let c = unsafe scores.baseAddress.unsafelyUnwrapped
        guard rowCount > 0, rowCount < Self.rowwiseQueryLimit else {
            corpus.load(rows, of: storage, level: level)
            unsafe multiply(queries, corpus, gemm: gemm, into: c)
            return
        }
        unsafe corpus.load(rows, of: storage, level: level, query: queries.row(at: 0), scores: c)
        for i in 1..<rowCount {
            unsafe DotRows.score(
                level,
                query: queries.row(at: i),
                rows: corpus.base,
                stride: corpus.stride,
                count: columnCount,
                depth: corpus.dimension,
                into: c + i * columnCount
            )
        }
    }

    /// Computes all dot products by one GEMM, of rows that are loaded without their norms; for measurements.
    mutating func multiplyOnly(_ queries: borrowing RowTile, _ corpus: borrowing RowTile, gemm: GEMM.Provider) {
        rowCount = queries.rows.count
        columnCount = corpus.rows.count
        reserve(rows: rowCount, columns: columnCount)
        unsafe multiply(queries, corpus, gemm: gemm, into: scores.baseAddress.unsafelyUnwrapped)
    }

    private func multiply(
        _ queries: borrowing RowTile,
        _ corpus: borrowing RowTile,
        gemm: GEMM.Provider,
        into c: UnsafeMutablePointer<Float>
    ) {
        unsafe GEMM.multiplyTransposed(
            gemm,
            a: queries.base,
            aStride: queries.stride,
            rows: rowCount,
            b: corpus.base,
            bStride: corpus.stride,
            columns: columnCount,
            depth: corpus.dimension,
            c: c,
            cStride: columnCount
        )
    }

    /// The single-precision dot product of query `row` and corpus row `column` of the tile.
    @inline(__always)
    package func score(_ row: Int, _ column: Int) -> Float {
        assert(row >= 0 && row < rowCount && column >= 0 && column < columnCount)
        return unsafe scores[row &* columnCount &+ column]
    }

    /// Tells what the filter knows of a column of the tile.
    @inline(__always)
    package mutating func setColumn(_ column: Int, norm: Float, offset: Float) {
        assert(column >= 0 && column < columnCount)
        unsafe norms[column] = norm
        unsafe offsets[column] = offset
    }

    /// Whether a score survives the bound, as `scan` tests it; for looking again after the bound has moved.
    @inline(__always)
    package func survives(_ row: Int, _ column: Int, slope: Float, base: Float) -> Bool {
        unsafe !(score(row, column) < slope * norms[column] + offsets[column] + base)
    }

    /// A column whose score exceeds its terms by most: a guess at the best pair of a row of the tile, with which a cut begins. Nil if no
    /// score is a number.
    package func likeliest(_ row: Int, _ columns: Range<Int>, slope: Float) -> Int? {
        assert(row >= 0 && row < rowCount && columns.lowerBound >= 0 && columns.upperBound <= columnCount)
        guard let norms = unsafe norms.baseAddress, let offsets = unsafe offsets.baseAddress,
            let scores = unsafe scores.baseAddress
        else { return nil }
        let base = unsafe scores + row &* columnCount
        var best = SIMD8<Float>(repeating: -.infinity)
        var bestGroup = SIMD8<Int32>(repeating: -1)
        var j = columns.lowerBound
        while j &+ 8 <= columns.upperBound {
            let terms = unsafe Self.eight(norms, j) * slope + Self.eight(offsets, j)
            let excess = unsafe Self.eight(base, j) - terms
            let isBetter = excess .> best
            best.replace(with: excess, where: isBetter)
            bestGroup.replace(with: Int32(truncatingIfNeeded: j), where: isBetter)
            j &+= 8
        }
        var found: (excess: Float, column: Int)? = nil
        for lane in 0..<8 where bestGroup[lane] >= 0 && best[lane] > found?.excess ?? -.infinity {
            found = (best[lane], Int(bestGroup[lane]) &+ lane)
        }
        while j < columns.upperBound {
            let excess = unsafe base[j] - norms[j] * slope - offsets[j]
            if excess > found?.excess ?? -.infinity { found = (excess, j) }
            j &+= 1
        }
        return found?.column
    }

    @inline(__always)
    private static func eight(_ p: UnsafeMutablePointer<Float>, _ index: Int) -> SIMD8<Float> {
        unsafe UnsafeRawPointer(p + index).loadUnaligned(as: SIMD8<Float>.self)
    }

    /// Finds the columns whose score survives in one row of the tile; returns how many.
    @inline(__always)
    package mutating func scan(
        _ row: Int,
        _ columns: Range<Int>,
        slope: Float,
        base: Float,
        level: KernelLevel
    ) -> Int {
        assert(row >= 0 && row < rowCount && columns.lowerBound >= 0 && columns.upperBound <= columnCount)
        scanStart = columns.lowerBound
        guard let norms = unsafe norms.baseAddress, let offsets = unsafe offsets.baseAddress,
            let scores = unsafe scores.baseAddress, let candidates = unsafe candidates.baseAddress
        else { return 0 }
        return unsafe ThresholdScan.survivors(
            level,
            scores: scores + (row &* columnCount &+ scanStart),
            norms: norms + scanStart,
            offsets: offsets + scanStart,
            slope: slope,
            base: base,
            count: columns.count,
            into: candidates
        )
    }

    /// The `index`-th survivor of the last scan, as a column of the tile.
    @inline(__always)
    package func survivor(_ index: Int) -> Int { unsafe Int(candidates[index]) &+ scanStart }

    private mutating func reserve(rows: Int, columns: Int) {
        let needed = max(rows * columns, 1)
        if unsafe scores.count < needed {
            unsafe scores.deallocate()
            unsafe scores = .allocate(capacity: needed)
        }
        if unsafe candidates.count < columns {
            unsafe candidates.deallocate()
            unsafe candidates = .allocate(capacity: columns)
            unsafe norms.deallocate()
            unsafe norms = .allocate(capacity: columns)
            unsafe offsets.deallocate()
            unsafe offsets = .allocate(capacity: columns)
        }
    }
}
