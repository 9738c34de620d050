// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// A pair that the filter could not drop.
package struct CodeCandidate: Sendable {
    /// Query of the block.
    package let query: Int32
    /// Row of the coded corpus.
    package let row: UInt32
    /// About `q.x - o_x`.
    package let value: Double
    /// At least that.
    package let upper: Double
}

/// The integer filter for one block of queries. One worker owns it.
///
/// What a scan cannot drop, it sorts: likely pairs go through the second stage at once, because their verdicts move the cut;
/// the others are put off as they are, eight bytes each, and when `flush` looks at them again the better cut drops most of
/// them for the price of a comparison.
///
/// Memory: 16 bytes a pair that is put off, at most about `deferredLimit + 2^18` of them. Not copyable, like `RowTile`.
@safe package struct CodeFilter: ~Copyable {
    private let rows: CodedRows
    private let bound: CodeBound
    private let backend: KernelBackend
    private var queries = CodedQueries()
    private var floors: [CodeBound.Floor] = []
    private var limits: [CodeBound.Limit] = []
    private var slopes: [Float] = []
    private var tailSlopes: [Float] = []
    private var bases: [Float] = []
    private let zeros = [Float](repeating: 0, count: CodeShape.blockRows)
    /// In a triangle, the place of the first query: a pair is one of a place with a later one.
    private var firstPlace: Int?
    private var survivors: UnsafeMutableBufferPointer<simile_survivor>
    private var selected: UnsafeMutableBufferPointer<simile_survivor>
    private var products: UnsafeMutableBufferPointer<Int32>
    private var deferred: UnsafeMutableBufferPointer<simile_survivor>
    /// Blocks of the pairs that are put off, and how many each has.
    private var deferredBlocks: [(block: Int, count: Int)] = []
    package private(set) var deferredCount = 0

    /// What the last calls found, for the caller to take and clear.
    package var candidates: [CodeCandidate] = []

    /// Pairs put off at which the caller should flush.
    package static let deferredLimit = 1 << 20
    private static let survivorLimit = CodeShape.blockRows * CodeShape.blockRows

    package init(rows: CodedRows, bound: CodeBound, backend: KernelBackend) {
        self.rows = rows
        self.bound = bound
        self.backend = backend
        // One panel times a block of queries; in cache.
        unsafe survivors = .allocate(capacity: 2 * CodeShape.panelRows * CodeShape.blockRows)
        unsafe selected = .allocate(capacity: Self.survivorLimit)
        unsafe products = .allocate(capacity: Self.survivorLimit)
        unsafe deferred = .allocate(capacity: Self.deferredLimit + Self.survivorLimit)
    }

    deinit {
        unsafe survivors.deallocate()
        unsafe selected.deallocate()
        unsafe products.deallocate()
        unsafe deferred.deallocate()
    }

    /// The queries, by their place in the block.
    package var terms: [CodeQueryTerms] { queries.terms }

    /// The canonical norm of a query as it is.
    @inline(__always)
    package func sourceNorm(_ query: Int) -> Double { queries.terms[query].sourceNorm }

    /// Codes a block of at most 512 queries. Those for which `isLeftOut` holds take no part.
    package mutating func begin(
        count: Int,
        of storage: RowStorage,
        by encoding: CodedRows.Encoding,
        firstPlace: Int?,
        rowNumber: (Int) -> Int,
        isLeftOut: (Double) -> Bool
    ) {
        precondition(count <= CodeShape.blockRows && deferredCount == 0)
        self.firstPlace = firstPlace
        queries.load(
            count: count,
            of: storage,
            shape: rows.shape,
            by: encoding,
            rowNumber: rowNumber,
            isLeftOut: isLeftOut
        )
        let padded = (count + CodeShape.quadQueries - 1) / CodeShape.quadQueries * CodeShape.quadQueries
        // No pair of a query that takes no part, or is only padding, survives.
        floors = queries.terms.map {
            isLeftOut($0.sourceNorm) ? CodeBound.Floor(value: .infinity, magnitude: 0) : .none
        }
        limits = Array(repeating: .all, count: padded)
        slopes = Array(repeating: 0, count: padded)
        tailSlopes = Array(repeating: 0, count: padded)
        bases = Array(repeating: .infinity, count: padded)
    }

    /// The floor of a query that takes part.
    package mutating func setFloor(_ query: Int, _ floor: CodeBound.Floor) { floors[query] = floor }

    @inline(__always)
    package func floor(_ query: Int) -> CodeBound.Floor { floors[query] }

    private mutating func setLimits(_ block: CodeBlockTerms) {
        for i in floors.indices {
            limits[i] = floors[i].value == .infinity ? .all : bound.limit(queries.terms[i], floors[i], block)
            slopes[i] = limits[i].slope
            tailSlopes[i] = limits[i].tailSlope
            bases[i] = limits[i].base
        }
    }

    /// Tests all queries against the rows `places` of one block, which begin at a panel.
    package mutating func scan(_ places: Range<Int>) {
        let block = places.lowerBound / CodeShape.blockRows
        let first = block * CodeShape.blockRows
        assert(places.lowerBound % CodeShape.panelRows == 0 && places.upperBound <= first + CodeShape.blockRows)
        let terms = rows.terms(ofBlock: block)
        setLimits(terms)
        let panelCount = (places.count + CodeShape.panelRows - 1) / CodeShape.panelRows
        let deferredBefore = deferredCount
        var likelyCount = 0
        var panel = 0
        while panel < panelCount {
            let found = scanPanels(from: places.lowerBound, &panel, of: panelCount)
            likelyCount = triage(found, places, first, likelyCount)
        }
        if deferredCount > deferredBefore { deferredBlocks.append((block, deferredCount - deferredBefore)) }
        refine(likelyCount, block, terms)
    }

    private mutating func scanPanels(from start: Int, _ panel: inout Int, of panelCount: Int) -> Int {
        let shape = rows.shape
        return unsafe slopes.withUnsafeBufferPointer { slopes in
            unsafe tailSlopes.withUnsafeBufferPointer { tailSlopes in
            unsafe bases.withUnsafeBufferPointer { bases in
                unsafe zeros.withUnsafeBufferPointer { zeros in
                    let offsets =
                        unsafe rows.image.hasOffsets
                        ? (rows.base + rows.image.offsets).assumingMemoryBound(to: Float.self) + start
                        : zeros.baseAddress
                    let tails =
                        unsafe shape.tail > 0
                        ? (rows.base + rows.image.tailNorms).assumingMemoryBound(to: Float.self) + start
                        : zeros.baseAddress
                    let panels = unsafe rows.base + (rows.image.panels + start * shape.depth)
                    let tile = unsafe simile_code_tile(
                        panels: panels.assumingMemoryBound(to: UInt8.self),
                        queries: queries.codes.baseAddress,
                        corrections: queries.corrections.baseAddress,
                        offsets: offsets,
                        tails: tails,
                        slopes: slopes.baseAddress,
                        tail_slopes: tailSlopes.baseAddress,
                        bases: bases.baseAddress,
                        panel_count: panelCount,
                        quad_count: slopes.count / CodeShape.quadQueries,
                        depth: shape.depth,
                        chunk_depth: shape.chunkDepth,
                        chunk_count: shape.chunkCount
                    )
                    return unsafe CodeTile.scan(
                        backend,
                        tile,
                        from: &panel,
                        isSingleQuery: queries.count == 1,
                        into: survivors
                    )
                }
            }
            }
        }
    }

    /// Sorts survivors: likely ones to `selected`, the others to `deferred`. Returns how many are selected now.
    private mutating func triage(_ found: Int, _ places: Range<Int>, _ first: Int, _ selectedBefore: Int) -> Int {
        var selectedCount = selectedBefore
        var deferredCount = deferredCount
        let shift = places.lowerBound - first
        unsafe limits.withUnsafeBufferPointer { limits in
            for s in 0..<found {
                var survivor = unsafe survivors[s]
                let row = Int(survivor.row) &+ places.lowerBound
                let query = Int(survivor.query)
                // Padding of the last panel.
                if row >= places.upperBound { continue }
                if let firstPlace, row <= firstPlace &+ query { continue }
                survivor.row = UInt16(truncatingIfNeeded: Int(survivor.row) &+ shift)
                let limit = unsafe limits[query]
                let likely =
                    limit.slope * rows.offset(of: row) + limit.likelyTailSlope * rows.tailNorm(of: row) + limit.likely
                if Float(survivor.product) >= likely {
                    unsafe selected[selectedCount] = survivor
                    selectedCount &+= 1
                } else {
                    unsafe deferred[deferredCount] = survivor
                    deferredCount &+= 1
                }
            }
        }
        self.deferredCount = deferredCount
        return selectedCount
    }

    /// The second stage for the first `count` selected survivors of a block: appends candidates.
    private mutating func refine(_ count: Int, _ block: Int, _ terms: CodeBlockTerms) {
        if count == 0 { return }
        let first = block * CodeShape.blockRows
        let tail = rows.shape.tail
        if tail > 0, let input = unsafe selected.baseAddress, let output = unsafe products.baseAddress,
            let queryTails = unsafe queries.tails.baseAddress
        {
            let tails = unsafe rows.base + (rows.image.tails + first * tail)
            unsafe CodeProduct.fill(
                backend,
                survivors: UnsafePointer(input),
                count: count,
                queries: queryTails,
                rows: tails.assumingMemoryBound(to: Int8.self),
                depth: tail,
                into: output
            )
        }
        unsafe queries.terms.withUnsafeBufferPointer { queryTerms in
            for s in 0..<count {
                let survivor = unsafe selected[s]
                let query = Int(survivor.query)
                let row = first &+ Int(survivor.row)
                let estimate = unsafe bound.estimate(
                    queryTerms[query],
                    terms,
                    rows.terms(of: row),
                    offset: rows.offset(of: row),
                    product: survivor.product,
                    tailProduct: tail > 0 ? products[s] : 0
                )
                guard CodeBound.survives(estimate.upper, floors[query]) else { continue }
                candidates.append(
                    CodeCandidate(
                        query: Int32(truncatingIfNeeded: query),
                        row: UInt32(truncatingIfNeeded: row),
                        value: estimate.value,
                        upper: estimate.upper
                    )
                )
            }
        }
    }

    /// Looks again at the pairs put off in one block, the one that was scanned last; false if there are none left.
    ///
    /// Floors may move between calls, by the verdicts on the candidates of the last one.
    package mutating func flush() -> Bool {
        guard let (block, count) = deferredBlocks.popLast() else { return false }
        let terms = rows.terms(ofBlock: block)
        setLimits(terms)
        let first = block * CodeShape.blockRows
        deferredCount -= count
        var selectedCount = 0
        for s in deferredCount..<deferredCount + count {
            let survivor = unsafe deferred[s]
            let limit = limits[Int(survivor.query)]
            let row = first &+ Int(survivor.row)
            let lowest = limit.slope * rows.offset(of: row) + limit.tailSlope * rows.tailNorm(of: row) + limit.base
            if !(Float(survivor.product) < lowest) {
                unsafe selected[selectedCount] = survivor
                selectedCount &+= 1
            }
        }
        refine(selectedCount, block, terms)
        return true
    }
}
