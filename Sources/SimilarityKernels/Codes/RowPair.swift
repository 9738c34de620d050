// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// One query and one row, for verdicts on pairs that lie anywhere: rows are read where they lie, or widened one at a time.
/// One worker owns it. Not copyable, like `RowTile`.
@safe package struct RowPair: ~Copyable {
    private let queries: RowStorage
    private let corpus: RowStorage
    private let scratch: UnsafeMutableBufferPointer<Float>
    private var loadedQuery = -1
    private var query: UnsafePointer<Float>
    private var row: UnsafePointer<Float>
    // Of the level, which is too large to be handed on for every pair.
    private let dotKernel: @convention(c) (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Double
    private let distanceKernel: @convention(c) (UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Double

    package init(queries: RowStorage, corpus: RowStorage, level: KernelLevel) {
        precondition(queries.dimension == corpus.dimension)
        self.queries = queries
        self.corpus = corpus
        unsafe dotKernel = level.kernels.verdictDot
        unsafe distanceKernel = level.kernels.verdictSquaredDistance
        unsafe scratch = .allocate(capacity: 2 * queries.dimension)
        unsafe query = UnsafePointer(scratch.baseAddress.unsafelyUnwrapped)
        unsafe row = unsafe query
    }

    deinit { unsafe scratch.deallocate() }

    /// Chooses the pair that the scores are of.
    @inline(__always)
    package mutating func load(query queryNumber: Int, row rowNumber: Int) {
        precondition(queryNumber >= 0 && queryNumber < queries.rowCount)
        precondition(rowNumber >= 0 && rowNumber < corpus.rowCount)
        let start = unsafe scratch.baseAddress.unsafelyUnwrapped
        if queryNumber != loadedQuery {
            unsafe query = Self.address(queries, queryNumber, scratch: start)
            loadedQuery = queryNumber
        }
        unsafe row = Self.address(corpus, rowNumber, scratch: start + queries.dimension)
    }

    /// Asks for a row of the corpus that will be loaded soon.
    @inline(__always)
    package func expect(row: Int) {
        assert(row >= 0 && row < corpus.rowCount)
        unsafe simile_prefetch(corpus.address(ofRow: row), corpus.dimension * corpus.elementType.byteCount)
    }

    private static func address(_ storage: RowStorage, _ row: Int, scratch: UnsafeMutablePointer<Float>)
        -> UnsafePointer<Float>
    {
        if storage.isDirect { return unsafe storage.address(ofRow: row).assumingMemoryBound(to: Float.self) }
        unsafe storage.copyRows(row..<row + 1, into: scratch)
        return unsafe UnsafePointer(scratch)
    }

    /// The canonical dot product of the pair, in `Double`.
    @inline(__always)
    package func dot() -> Double { unsafe dotKernel(query, row, queries.dimension) }

    /// The canonical squared distance of the pair, in `Double`.
    @inline(__always)
    package func squaredDistance() -> Double {
        unsafe distanceKernel(query, row, queries.dimension)
    }
}
