// SPDX-License-Identifier: Apache-2.0

/// The dot products of a tile of queries and a tile of corpus rows, and the scan over them: what stands between the
/// kernels and the safe code above. One worker owns it; its memory is that of the largest tile it has held.
@safe package final class ScoreTile {
    private var scores: UnsafeMutableBufferPointer<Float>
    private var candidates: UnsafeMutableBufferPointer<Int32>
    private var columnCount = 0
    private var rowCount = 0

    /// Row norms as the scan wants them, one a column; the filter fills them.
    package var norms: [Float] = []
    /// Row offsets as the scan wants them, one a column; the filter fills them.
    package var offsets: [Float] = []

    package init() {
        unsafe scores = .allocate(capacity: 1)
        unsafe candidates = .allocate(capacity: 1)
    }

    deinit {
        unsafe scores.deallocate()
        unsafe candidates.deallocate()
    }

    /// Below this many queries a tile is scored row by row: a GEMM would pack every corpus row to use it a few times.
    package static let rowwiseQueryLimit = 4

    /// Computes all dot products of `queries` and `corpus` in single precision, within the slack of `GEMM`.
    package func multiply(_ queries: RowTile, _ corpus: RowTile, gemm: KernelBackend, vector: KernelBackend) {
        rowCount = queries.rows.count
        columnCount = corpus.rows.count
        reserve(rows: rowCount, columns: columnCount)
        guard rowCount > 0, columnCount > 0 else { return }
        let c = unsafe scores.baseAddress.unsafelyUnwrapped
        if rowCount < Self.rowwiseQueryLimit {
            for i in 0..<rowCount {
                unsafe DotRows.score(
                    vector, query: queries.row(at: i), rows: corpus.base, stride: corpus.stride, count: columnCount,
                    depth: corpus.dimension, into: c + i * columnCount)
            }
        } else {
            unsafe GEMM.multiplyTransposed(
                gemm, a: queries.base, aStride: queries.stride, rows: rowCount, b: corpus.base,
                bStride: corpus.stride, columns: columnCount, depth: corpus.dimension, c: c, cStride: columnCount)
        }
    }

    /// The single-precision dot product of query `row` and corpus row `column` of the tile.
    @inline(__always)
    package func score(_ row: Int, _ column: Int) -> Float {
        assert(row >= 0 && row < rowCount && column >= 0 && column < columnCount)
        return unsafe scores[row &* columnCount &+ column]
    }

    /// Whether a score survives the bound, as `scan` tests it; for looking again after the bound has moved.
    @inline(__always)
    package func survives(_ row: Int, _ column: Int, slope: Float, base: Float) -> Bool {
        !(score(row, column) < slope * norms[column] + offsets[column] + base)
    }

    /// Finds the columns from `first` on whose score survives in one row of the tile; returns how many.
    @inline(__always)
    package func scan(_ row: Int, from first: Int, slope: Float, base: Float, backend: KernelBackend) -> Int {
        assert(row >= 0 && row < rowCount && first >= 0 && first <= columnCount)
        assert(norms.count >= columnCount && offsets.count >= columnCount)
        return unsafe norms.withUnsafeBufferPointer { norms in
            unsafe offsets.withUnsafeBufferPointer { offsets in
                guard let norms = norms.baseAddress, let offsets = offsets.baseAddress,
                    let scores = unsafe scores.baseAddress, let candidates = unsafe candidates.baseAddress
                else { return 0 }
                return unsafe ThresholdScan.survivors(
                    backend, scores: scores + (row &* columnCount &+ first), norms: norms + first,
                    offsets: offsets + first, slope: slope, base: base, count: columnCount &- first,
                    into: candidates)
            }
        }
    }

    /// The `index`-th survivor of the last scan that began at `first`, as a column of the tile.
    @inline(__always)
    package func survivor(_ index: Int, from first: Int) -> Int {
        unsafe Int(candidates[index]) &+ first
    }

    private func reserve(rows: Int, columns: Int) {
        let needed = max(rows * columns, 1)
        if unsafe scores.count < needed {
            unsafe scores.deallocate()
            unsafe scores = .allocate(capacity: needed)
        }
        if unsafe candidates.count < columns {
            unsafe candidates.deallocate()
            unsafe candidates = .allocate(capacity: columns)
        }
        if norms.count < columns {
            norms = [Float](repeating: 0, count: columns)
            offsets = [Float](repeating: 0, count: columns)
        }
    }
}
