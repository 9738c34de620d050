// SPDX-License-Identifier: Apache-2.0
//
// A tile of codes for `CodeTile`: plain rows and queries of integers, packed here as the contract says and not by the package,
// and what must survive, by plain integer arithmetic. Every buffer has canaries around it.

import CSimilarityKernels
import SimilarityKernels
import Testing
import VectorTestSupport

struct CodeTileCase {
    /// -127 ... 127; a multiple of 16 rows.
    var rows: [[Int]]
    /// -63 ... 63; a multiple of 4 queries.
    var queries: [[Int]]
    var chunkDepth: Int
    var offsets: [Float]
    var tails: [Float]
    var slopes: [Float]
    var tailSlopes: [Float]
    var bases: [Float]
    /// Where rows have floors; else empty, all three.
    var rowFloors: [Float] = []
    var floorSlopes: [Float] = []
    var floorBases: [Float] = []

    struct Survivor: Hashable, Comparable {
        let query: Int
        let row: Int
        let product: Int

        static func < (a: Survivor, b: Survivor) -> Bool { (a.row, a.query) < (b.row, b.query) }
    }

    /// Everything survives until bounds are set.
    init(rows: [[Int]], queries: [[Int]], chunkDepth: Int) {
        let depth = rows.first?.count ?? 0
        let nothing = [Int](repeating: 0, count: depth)
        self.rows = rows + Array(repeating: nothing, count: (16 - rows.count % 16) % 16)
        self.queries = queries + Array(repeating: nothing, count: (4 - queries.count % 4) % 4)
        self.chunkDepth = chunkDepth
        offsets = Array(repeating: 0, count: self.rows.count)
        tails = offsets
        slopes = Array(repeating: 0, count: self.queries.count)
        tailSlopes = slopes
        bases = Array(repeating: -.infinity, count: self.queries.count)
    }

    var depth: Int { rows.first?.count ?? 0 }

    func product(_ query: Int, _ row: Int) -> Int { zip(queries[query], rows[row]).reduce(0) { $0 + $1.0 * $1.1 } }

    /// The survivors by the contract. The terms of a bound must be so simple that it is the same fused and not.
    func expected(from panel: Int = 0, through last: Int = .max) -> [Survivor] {
        var found: [Survivor] = []
        for row in rows.indices where row / 16 >= panel && row / 16 < last {
            for query in queries.indices {
                let value = product(query, row)
                let tail = tailSlopes[query] * tails[row]
                var bound = slopes[query] * offsets[row] + tail + bases[query]
                if !rowFloors.isEmpty {
                    let other = floorSlopes[query] * rowFloors[row] + floorBases[query] + tail
                    if !(bound < other) { bound = other }
                }
                if !(Float(value) < bound) { found.append(Survivor(query: query, row: row, product: value)) }
            }
        }
        return found
    }

    /// Calls the kernel until all panels are done; each call has room for `capacity` survivors.
    func scan(_ level: KernelLevel, isSingleQuery: Bool = false, capacity: Int? = nil, shift: Int = 0) -> [Survivor] {
        let panels = CanaryBuffer(packedRows, canary: 0xEE, shift: shift) { $0 == 0xEE }
        let codes = CanaryBuffer(packedQueries(level), canary: 77, shift: shift + 1) { $0 == 77 }
        let chunks = level.codes == .narrow ? chunkDepth : depth
        let corrections = CanaryBuffer(packedCorrections(level.codes), canary: -77, shift: shift) { $0 == -77 }
        let offsets = CanaryBuffer(reading: offsets, shift: shift + 1)
        let tails = CanaryBuffer(reading: tails, shift: shift + 2)
        let slopes = CanaryBuffer(reading: slopes, shift: shift)
        let tailSlopes = CanaryBuffer(reading: tailSlopes, shift: shift + 1)
        let bases = CanaryBuffer(reading: bases, shift: shift + 2)
        let hasFloors = !rowFloors.isEmpty
        let rowFloors = CanaryBuffer(reading: rowFloors, shift: shift + 1)
        let floorSlopes = CanaryBuffer(reading: floorSlopes, shift: shift)
        let floorBases = CanaryBuffer(reading: floorBases, shift: shift + 2)
        let tile = unsafe simile_code_tile(
            panels: panels.base,
            queries: codes.base,
            corrections: corrections.base,
            offsets: offsets.base,
            tails: tails.base,
            slopes: slopes.base,
            tail_slopes: tailSlopes.base,
            bases: bases.base,
            panel_count: rows.count / 16,
            quad_count: queries.count / 4,
            depth: depth,
            chunk_depth: chunks,
            chunk_count: (depth + chunks - 1) / chunks,
            has_row_terms: hasRowTerms,
            row_floors: hasFloors ? rowFloors.base : nil,
            floor_slopes: hasFloors ? floorSlopes.base : nil,
            floor_bases: hasFloors ? floorBases.base : nil
        )
        var found: [Survivor] = []
        var panel = 0
        while panel < rows.count / 16 {
            let sentinel = simile_survivor(query: 0xDEAD, row: 0xBEEF, product: -77)
            let room = [simile_survivor](repeating: sentinel, count: capacity ?? 16 * queries.count)
            let output = CanaryBuffer(
                room,
                canary: sentinel,
                shift: shift
            ) { $0.query == 0xDEAD && $0.row == 0xBEEF && $0.product == -77 }
            let before = panel
            let count = unsafe CodeTile.scan(
                level,
                tile,
                from: &panel,
                isSingleQuery: isSingleQuery,
                into: UnsafeMutableBufferPointer(start: output.base, count: room.count)
            )
            #expect(output.isIntact(outside: { $0 >= count }), "\(level) wrote outside its \(count) survivors")
            let survivors = output.values.prefix(count).map {
                Survivor(query: Int($0.query), row: Int($0.row), product: Int($0.product))
            }
            #expect(
                survivors.allSatisfy { $0.row / 16 >= before && $0.row / 16 < panel },
                "of the panels that are done"
            )
            found += survivors
            guard panel > before else {
                Issue.record("\(level) does not get on with room for a panel")
                break
            }
        }
        return found.sorted()
    }

    private var hasRowTerms: Bool { !(offsets + tails).allSatisfy { $0 == 0 } }

    /// Step by step, four codes + 128 of each row of a panel.
    private var packedRows: [UInt8] {
        var bytes: [UInt8] = []
        for panel in stride(from: 0, to: rows.count, by: 16) {
            for step in stride(from: 0, to: depth, by: 4) {
                for row in rows[panel..<panel + 16] {
                    for place in step..<step + 4 { bytes.append(UInt8(row[place] + 128)) }
                }
            }
        }
        return bytes
    }

    /// Step by step, four codes of each query of a quad; at AMX 64 codes of each query of sixteen, filled up with zeros.
    private func packedQueries(_ level: KernelLevel) -> [Int8] {
        var bytes: [Int8] = []
        if level.queries == .tiles {
            for group in stride(from: 0, to: queries.count, by: 16) {
                for run in stride(from: 0, to: depth, by: 64) {
                    for query in group..<group + 16 {
                        for place in run..<run + 64 {
                            let isThere = query < queries.count && place < depth
                            bytes.append(isThere ? Int8(queries[query][place]) : 0)
                        }
                    }
                }
            }
            return bytes
        }
        for quad in stride(from: 0, to: queries.count, by: 4) {
            for step in stride(from: 0, to: depth, by: 4) {
                for query in queries[quad..<quad + 4] {
                    for place in step..<step + 4 { bytes.append(Int8(query[place])) }
                }
            }
        }
        return bytes
    }

    /// One a query: minus 128 times its codes; or, narrow, chunk by chunk, one a query of a quad: of each of the two lanes.
    private func packedCorrections(_ profile: CodeProfile) -> [Int32] {
        if profile == .wide { return queries.map { Int32(-128 * $0.reduce(0, +)) } }
        var corrections: [Int32] = []
        for quad in stride(from: 0, to: queries.count, by: 4) {
            for chunk in stride(from: 0, to: depth, by: chunkDepth) {
                for query in queries[quad..<quad + 4] {
                    var sums = [0, 0]
                    for place in chunk..<min(chunk + chunkDepth, depth) { sums[place % 4 / 2] += query[place] }
                    let halves = sums.map { UInt32(UInt16(truncatingIfNeeded: -128 * $0)) }
                    corrections.append(Int32(bitPattern: halves[0] | halves[1] << 16))
                }
            }
        }
        return corrections
    }
}
