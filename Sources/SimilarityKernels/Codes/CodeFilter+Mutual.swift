// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

// Rows that are compared with one another: queries are the rows of a block, and a pair is kept for what it is to either of its rows. The
// proof is in the section "Each pair once" of the page `BoundedFilter`.

extension CodeFilter {
    /// Takes the coded rows of one block for queries, of which every pair is looked at once, for both of its rows.
    ///
    /// - Parameters:
    ///   - normalizes: Whether rows are compared as unit vectors.
    ///   - floors: Of each query.
    package mutating func begin(block: Int, normalizes: Bool, floors: [CodeBound.Floor]) {
        let places = rows.image.rows(ofBlock: block)
        precondition(floors.count == places.count && deferredCount == 0)
        firstPlace = places.lowerBound
        leaveOut = []
        chosen = nil
        visited = [:]
        queries.load(places, of: rows, normalizes: normalizes, level: level)
        queryOffsets = places.map { rows.offset(of: $0) }
        limits.begin(queries.terms, rowOffsets: queryOffsets)
        self.floors = floors
        for i in floors.indices { limits.setFloor(i, floors[i]) }
    }

    /// Codes rows `numbers` of a matrix, at most 512, for queries that want nothing themselves: a pair is kept for what it is to its row.
    package mutating func begin(forRows numbers: Range<Int>, of storage: RowStorage, by encoding: CodedRows.Encoding) {
        begin(
            count: numbers.count,
            of: storage,
            by: encoding,
            firstPlace: nil,
            rowNumber: { numbers.lowerBound + $0 },
            isLeftOut: { encoding.normalizes && $0 == 0 }
        )
        queryOffsets = queries.terms.map { terms in
            encoding.offsetFactor.map { Float(roundingDown: terms.norm * terms.norm * $0) } ?? 0
        }
        limits.begin(queries.terms, rowOffsets: queryOffsets)
        for i in floors.indices { floors[i] = CodeBound.Floor(value: .infinity, magnitude: 0) }
    }

    /// Tests the queries against the rows `places` of one block, which begin at a panel: a pair is a candidate if it may matter to its query or
    /// to its row.
    ///
    /// - Parameter wanted: The floors of all rows of the block; they may be older, and so lower, than they are by now.
    package mutating func scan(_ places: Range<Int>, wanted: RowFloors) {
        let block = places.lowerBound / CodeLayout.blockRows
        let first = block * CodeLayout.blockRows
        precondition(places.lowerBound % CodeLayout.panelRows == 0 && places.upperBound <= first + wanted.floors.count)
        let terms = rows.terms(ofBlock: block)
        limits.make(for: terms)
        let isOwn = first == firstPlace
        let panelCount = (places.count + CodeLayout.panelRows - 1) / CodeLayout.panelRows
        var count = 0
        var panel = 0
        while panel < panelCount {
            let found = scanPanels(
                from: places.lowerBound,
                &panel,
                of: panelCount,
                floors: wanted.limits[(places.lowerBound - first)...]
            )
            for s in 0..<found {
                var survivor = unsafe survivors[s]
                let row = Int(survivor.row) &+ places.lowerBound
                let local = Int(survivor.query)
                // What fills up the last panel and the last quad.
                if row >= places.upperBound || local >= queries.count { continue }
                // Within a block a row meets those behind it: the first panel warms the cuts of all.
                if isOwn, row &- first >= local || !leaveOut.isEmpty && leaveOut[local &* queries.count &+ row &- first]
                {
                    continue
                }
                survivor.row = UInt16(truncatingIfNeeded: row &- first)
                unsafe selected[count] = survivor
                count &+= 1
            }
        }
        refine(count, block, terms, wanted: wanted.floors)
    }

    /// The places of the own block.
    var ownPlaces: Range<Int> { rows.image.rows(ofBlock: (firstPlace ?? 0) / CodeLayout.blockRows) }

    /// Collects all pairs of a row of the own block and an earlier one, with the products of their codes; returns how many there are.
    mutating func collectAll(_ places: Range<Int>) -> Int {
        limits.make(for: rows.terms(ofBlock: places.lowerBound / CodeLayout.blockRows))
        let panelCount = (places.count + CodeLayout.panelRows - 1) / CodeLayout.panelRows
        var (count, panel) = (0, 0)
        while panel < panelCount {
            let found = scanPanels(from: places.lowerBound, &panel, of: panelCount)
            for s in 0..<found {
                let survivor = unsafe survivors[s]
                if survivor.row >= survivor.query || Int(survivor.query) >= queries.count { continue }
                unsafe selected[count] = survivor
                count &+= 1
            }
        }
        return count
    }

    /// A pair that has been collected.
    @inline(__always)
    func collected(_ index: Int) -> (query: Int, row: Int, product: Int32) {
        let survivor = unsafe selected[index]
        return (Int(survivor.query), Int(survivor.row), survivor.product)
    }

    /// Makes candidates of some of the pairs that have been collected.
    mutating func refineCollected(
        _ count: Int,
        _ block: Int,
        _ terms: CodeBlockTerms,
        where isWanted: (_ query: Int, _ row: Int) -> Bool
    ) {
        var kept = 0
        for s in 0..<count {
            let survivor = unsafe selected[s]
            if !isWanted(Int(survivor.query), Int(survivor.row)) { continue }
            unsafe selected[kept] = survivor
            kept &+= 1
        }
        refine(kept, block, terms)
    }

    /// Whether a pair may still matter to its row, by the floor of that; offsets are exchanged, rounding included.
    @inline(__always)
    package func survives(_ candidate: CodeCandidate, _ floor: CodeBound.Floor) -> Bool {
        let (mine, other) = (Double(queryOffsets[Int(candidate.query)]), Double(rows.offset(of: Int(candidate.row))))
        return CodeBound.survives(candidate.upper + other - mine + (mine + other) * CodeBound.rounding, floor)
    }

    /// What the rows of a block want: the floor of each, and the same as kernels take it.
    package struct RowFloors: Sendable {
        package private(set) var floors: [CodeBound.Floor]
        fileprivate var limits: [Float]

        /// No floors yet.
        package init(count: Int) {
            floors = Array(repeating: .none, count: count)
            // Whole panels: what fills up the last one wants nothing.
            limits = Array(repeating: -.infinity, count: count)
            limits += Array(repeating: 1e18, count: CodeLayout.paddedRows(count) - count)
        }

        package mutating func set(_ row: Int, _ floor: CodeBound.Floor) {
            floors[row] = floor
            limits[row] = CodeLimits.rowLimit(floor)
        }
    }
}
