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
/// Memory: 8 bytes a pair that is put off, at most `deferredLimit + survivorLimit` of them, and 12 a survivor of a block: about
/// 13 MB. Not copyable, like `RowTile`.
@safe package struct CodeFilter: ~Copyable {
    let rows: CodedRows
    let bound: CodeBound
    let level: KernelLevel
    var queries = CodedQueries()
    var floors: [CodeBound.Floor] = []
    var limits: CodeLimits
    private let zeros = [Float](repeating: 0, count: CodeLayout.blockRows)
    /// Queries that are scanned, if not all: their numbers, codes and corrections.
    var chosen: [UInt16]?
    private var chosenCodes = CodeBuffer()
    private var chosenCorrections: [Int32] = []
    /// Blocks that some queries have been taken to before the others, and those queries.
    package var visited: [Int: [UInt16]] = [:]
    /// Where queries are the rows of a block, the place of the first: within the block a pair is one of a place with a later one.
    var firstPlace: Int?
    /// Of each query its offset as a row, where queries are rows that are compared with one another; else empty.
    var queryOffsets: [Float] = []
    /// Pairs of the own block that have been candidates, by the later row and the earlier one; else empty.
    var leaveOut: [Bool] = []
    var survivors: UnsafeMutableBufferPointer<simile_survivor>
    var selected: UnsafeMutableBufferPointer<simile_survivor>
    var products: UnsafeMutableBufferPointer<Int32>
    var deferred: UnsafeMutableBufferPointer<simile_survivor>
    /// Blocks of the pairs that are put off, and how many each has.
    var deferredBlocks: [(block: Int, count: Int)] = []
    package internal(set) var deferredCount = 0

    /// What the last calls found, for the caller to take and clear.
    package var candidates: [CodeCandidate] = []

    /// Pairs put off at which the caller should flush.
    package static let deferredLimit = 1 << 20
    private static let survivorLimit = CodeLayout.blockRows * CodeLayout.blockRows

    /// - Parameter cutsMove: Whether floors rise while rows are scanned; if not, no pair is put off.
    package init(rows: CodedRows, bound: CodeBound, cutsMove: Bool, level: KernelLevel) {
        self.rows = rows
        self.bound = bound
        limits = CodeLimits(bound, cutsMove: cutsMove)
        let level = level.permitted
        self.level = level
        precondition(level.codes.takes(rowsOf: rows.shape.profile), "rows are not coded for level \(level)")
        // Room for a whole block, so that a kernel is called once: what is not written is never touched.
        unsafe survivors = .allocate(capacity: Self.survivorLimit)
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
        precondition(count <= CodeLayout.blockRows && deferredCount == 0)
        self.firstPlace = firstPlace
        queryOffsets = []
        leaveOut = []
        chosen = nil
        visited = [:]
        queries.load(
            count: count,
            of: storage,
            shape: rows.shape,
            by: encoding,
            level: level,
            rowNumber: rowNumber,
            isLeftOut: isLeftOut
        )
        // No pair of a query that takes no part survives.
        floors = queries.terms.map {
            isLeftOut($0.sourceNorm) ? CodeBound.Floor(value: .infinity, magnitude: 0) : .none
        }
        limits.begin(queries.terms)
        for i in floors.indices where floors[i].value < 0 { limits.setFloor(i, floors[i]) }
    }

    /// The floor of a query that takes part.
    package mutating func setFloor(_ query: Int, _ floor: CodeBound.Floor) {
        floors[query] = floor
        limits.setFloor(query, floor)
    }

    @inline(__always)
    package func floor(_ query: Int) -> CodeBound.Floor { floors[query] }

    /// Chooses some queries for the scans that follow, or all of them with nil.
    package mutating func choose(_ subset: [UInt16]?) {
        chosen = subset
        guard let subset else { return }
        let depth = rows.shape.depth
        let chunks = queries.chunks.count
        let padded = CodeLayout.quads(subset.count) * CodeLayout.quadQueries
        let layout = queries.layout
        chosenCodes.reset(count: layout.codeCount(queries: subset.count, depth: depth))
        chosenCorrections = Array(repeating: 0, count: padded * chunks)
        for (i, query) in subset.enumerated() {
            let from = layout.start(ofQuery: Int(query), depth: depth)
            let to = layout.start(ofQuery: i, depth: depth)
            for first in stride(from: 0, to: depth, by: CodeLayout.step) {
                let offset = layout.offset(ofCoordinate: first)
                for j in 0..<CodeLayout.step {
                    chosenCodes[to + offset + j] = queries.codes[from + offset + j]
                }
            }
            let fromCorrection = CodeLayout.correction(ofQuery: Int(query), chunks: chunks)
            let toCorrection = CodeLayout.correction(ofQuery: i, chunks: chunks)
            for chunk in stride(from: 0, to: CodeLayout.quadQueries * chunks, by: CodeLayout.quadQueries) {
                chosenCorrections[toCorrection + chunk] = unsafe queries.corrections[fromCorrection + chunk]
            }
        }
    }

    /// Tests the queries against the rows `places` of one block, which begin at a panel. If none have been chosen, those that
    /// have visited the block before are left out.
    package mutating func scan(_ places: Range<Int>) {
        let block = places.lowerBound / CodeLayout.blockRows
        let first = block * CodeLayout.blockRows
        assert(places.lowerBound % CodeLayout.panelRows == 0 && places.upperBound <= first + CodeLayout.blockRows)
        let terms = rows.terms(ofBlock: block)
        if let chosen {
            limits.make(for: terms, of: chosen)
        } else {
            limits.make(for: terms)
            for query in visited[block] ?? [] { limits.leaveOut(Int(query)) }
        }
        let panelCount = (places.count + CodeLayout.panelRows - 1) / CodeLayout.panelRows
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

    mutating func scanPanels(
        from start: Int,
        _ panel: inout Int,
        of panelCount: Int,
        floors: ArraySlice<Float> = []
    ) -> Int {
        let shape = rows.shape
        let queryCount = chosen?.count ?? queries.count
        if chosen == nil {
            return unsafe floors.withUnsafeBufferPointer { floors in
                unsafe scanPanels(
                    from: start,
                    &panel,
                    of: panelCount,
                    codes: UnsafePointer(queries.codes.base),
                    corrections: UnsafePointer(queries.corrections.baseAddress),
                    queryCount: queryCount,
                    shape,
                    floors: floors.isEmpty ? nil : floors.baseAddress
                )
            }
        }
        return unsafe chosenCorrections.withUnsafeBufferPointer { corrections in
            unsafe scanPanels(
                from: start,
                &panel,
                of: panelCount,
                codes: UnsafePointer(chosenCodes.base),
                corrections: corrections.baseAddress,
                queryCount: queryCount,
                shape
            )
        }
    }

    private func scanPanels(
        from start: Int,
        _ panel: inout Int,
        of panelCount: Int,
        codes: UnsafePointer<Int8>?,
        corrections: UnsafePointer<Int32>?,
        queryCount: Int,
        _ shape: CodeShape,
        floors: UnsafePointer<Float>? = nil
    ) -> Int {
        unsafe limits.slopes.withUnsafeBufferPointer { slopes in
            unsafe limits.tailSlopes.withUnsafeBufferPointer { tailSlopes in
                unsafe limits.bases.withUnsafeBufferPointer { bases in
                    unsafe limits.floorSlopes.withUnsafeBufferPointer { floorSlopes in
                        unsafe limits.floorBases.withUnsafeBufferPointer { floorBases in
                            unsafe zeros.withUnsafeBufferPointer { zeros in
                                let offsets =
                                    unsafe rows.image.hasOffsets
                                    ? (rows.base + rows.image.offsets).assumingMemoryBound(to: Float.self) + start
                                    : zeros.baseAddress
                                let tails =
                                    unsafe shape.hasTail
                                    ? (rows.base + rows.image.tailNorms).assumingMemoryBound(to: Float.self) + start
                                    : zeros.baseAddress
                                guard let codes = unsafe codes, let corrections = unsafe corrections,
                                    let offsets = unsafe offsets, let tails = unsafe tails,
                                    let slopes = slopes.baseAddress, let tailSlopes = tailSlopes.baseAddress,
                                    let bases = bases.baseAddress
                                else { return 0 }
                                let panels = unsafe rows.base + (rows.image.panels + start * shape.depth)
                                let tile = unsafe simile_code_tile(
                                    panels: panels.assumingMemoryBound(to: UInt8.self),
                                    queries: codes,
                                    corrections: corrections,
                                    offsets: offsets,
                                    tails: tails,
                                    slopes: slopes,
                                    tail_slopes: tailSlopes,
                                    bases: bases,
                                    panel_count: panelCount,
                                    quad_count: CodeLayout.quads(queryCount),
                                    depth: shape.depth,
                                    chunk_depth: queries.chunks.chunkDepth,
                                    chunk_count: queries.chunks.count,
                                    has_row_terms: rows.image.hasOffsets || shape.hasTail,
                                    row_floors: floors,
                                    floor_slopes: floorSlopes.baseAddress,
                                    floor_bases: floorBases.baseAddress
                                )
                                return unsafe CodeTile.scan(
                                    level,
                                    tile,
                                    from: &panel,
                                    isSingleQuery: queryCount == 1 && floors == nil,
                                    into: survivors
                                )
                            }
                        }
                    }
                }
            }
        }
    }
}
