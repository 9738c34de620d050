// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// How fast the kernels of this process are on this machine: some milliseconds of each, once a process, when a job is first
/// large enough to be planned. Tables of rates are of the machine that they were measured on; what they are good for is the
/// ratio of steps to each other.
package struct KernelSpeed: Sendable {
    /// Nanoseconds of one multiply-add of OpenBLAS, if it is there, and of the tile of our own.
    package let openBLAS: Double?
    package let own: Double
    /// The costs of the level, of this machine: products of codes as measured, and the other steps as much slower or faster
    /// than in the table as these are.
    package let costs: KernelCosts

    /// The costs of a level as they stand in its table; for tests, whose plans must not depend on the machine.
    package init(table level: KernelLevel) {
        own = level.costs.multiply
        openBLAS = nil
        costs = level.costs
    }

    /// What was measured for this process.
    package static let measured = KernelSpeed(measuring: .current.permitted)

    private init(measuring level: KernelLevel) {
        own = Self.multiply(.own(level))
        #if OpenBLAS
        openBLAS = Self.multiply(.openBLAS)
        #else
        openBLAS = nil
        #endif
        let pairs = Double(Self.rows * Self.queries)
        let depth = Double(Self.depth)
        let table = level.costs
        // A tile costs its products and its tests; both are as much off as their sum.
        let factor = Self.codes(level) / (pairs * (depth * table.code + table.pair + table.rowTerms))
        // A neighbor that takes half of the core for a moment must not make a plan absurd.
        costs = table.scaled(by: min(max(factor, 0.2), 5))
    }

    private static let rows = 512
    private static let queries = 256
    private static let depth = 192
    private static let rounds = 3

    /// Nanoseconds of the fastest of some rounds; the first warms up.
    private static func fastest(_ body: () -> Void) -> Double {
        var best = Duration.seconds(1)
        for _ in 0..<rounds { best = min(best, ContinuousClock().measure(body)) }
        return best / .nanoseconds(1)
    }

    /// Nanoseconds of a multiply-add of a tile.
    private static func multiply(_ provider: GEMM.Provider) -> Double {
        let (m, n, d) = (96, rows, 2 * depth)
        let a = [Float](repeating: 0.5, count: m * d)
        let b = [Float](repeating: 0.25, count: n * d)
        var c = [Float](repeating: 0, count: m * n)
        let time = unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                unsafe c.withUnsafeMutableBufferPointer { c in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return 0.0 }
                    return fastest {
                        unsafe GEMM.multiplyTransposed(
                            provider,
                            a: a,
                            aStride: d,
                            rows: m,
                            b: b,
                            bStride: d,
                            columns: n,
                            depth: d,
                            c: c,
                            cStride: n
                        )
                    }
                }
            }
        }
        return time / Double(m * n * d)
    }

    /// Nanoseconds of a tile of codes of which no pair survives.
    private static func codes(_ level: KernelLevel) -> Double {
        var panels = CodeBuffer()
        panels.reset(count: rows * depth)
        var codes = CodeBuffer()
        codes.reset(count: level.queries.codeCount(queries: queries, depth: depth))
        let panelBytes = unsafe UnsafeRawPointer(panels.base).assumingMemoryBound(to: UInt8.self)
        let queryCodes = unsafe UnsafePointer(codes.base)
        let chunks = level.codes.chunks(depth: depth)
        let corrections = [Int32](repeating: 0, count: queries * chunks.count)
        let zeros = [Float](repeating: 0, count: max(rows, queries))
        let bases = [Float](repeating: .infinity, count: queries)
        let room = UnsafeMutableBufferPointer<simile_survivor>.allocate(capacity: rows * queries)
        defer { unsafe room.deallocate() }
        return unsafe corrections.withUnsafeBufferPointer { corrections in
            unsafe zeros.withUnsafeBufferPointer { zeros in
                unsafe bases.withUnsafeBufferPointer { bases in
                    guard let corrections = corrections.baseAddress, let zeros = zeros.baseAddress,
                        let bases = bases.baseAddress
                    else { return 0.0 }
                    let tile = unsafe simile_code_tile(
                        panels: panelBytes,
                        queries: queryCodes,
                        corrections: corrections,
                        offsets: zeros,
                        tails: zeros,
                        slopes: zeros,
                        tail_slopes: zeros,
                        bases: bases,
                        panel_count: rows / CodeLayout.panelRows,
                        quad_count: queries / CodeLayout.quadQueries,
                        depth: depth,
                        chunk_depth: chunks.chunkDepth,
                        chunk_count: chunks.count,
                        has_row_terms: true,
                        row_floors: nil,
                        floor_slopes: nil,
                        floor_bases: nil
                    )
                    return fastest {
                        var panel = 0
                        _ = unsafe CodeTile.scan(level, tile, from: &panel, isSingleQuery: false, into: room)
                    }
                }
            }
        }
    }
}

extension KernelCosts {
    /// All of them on a machine that is so many times slower.
    func scaled(by factor: Double) -> KernelCosts {
        KernelCosts(
            multiply: multiply * factor,
            code: code * factor,
            pair: pair * factor,
            rowTerms: rowTerms * factor,
            survivor: survivor * factor,
            verdict: verdict * factor,
            verdictComponent: verdictComponent * factor,
            query: query * factor,
            component: component * factor
        )
    }
}
