// SPDX-License-Identifier: Apache-2.0

package import CSimilarityKernels

/// The integer filter: products of the codes of rows and queries, tested in registers, only survivors written.
///
/// Rows lie in panels of 16: step `t` of a panel is 64 bytes, coordinates `4t ..< 4t + 4` of each of its rows, as code + 128
/// (1 ... 255). Queries lie as the `QueryLayout` of the level says, signed, as large as its `CodeProfile` says. In quads of 4: step
/// `t` of a quad is 16 bytes, the same coordinates of each query. `corrections` undo the 128. Narrow: for each chunk of a quad and each
/// query, two 16-bit numbers in one (the lower for coordinates 0 and 1 of each step, the upper for 2 and 3), minus 128 times the
/// sum of those codes, modulo 2^16. Wide: one number a query, minus 128 times the sum of its codes.
///
/// A pair survives if `!(Float(product) < slopes[query] * offsets[row] + tail_slopes[query] * tails[row] + bases[query])`, a
/// NaN included. Where rows have floors, as in a self-search, it survives as well by `floor_slopes[query] * row_floors[row] +
/// floor_bases[query]` in the place of the first and the last term; floor slopes are not negative. The bound may be computed in any order, fused or not: its error is at most `4u` of the sum of the magnitudes
/// of its three terms, and `2^-147`, `u = 2^-24`.
///
/// Requires: codes within the profile, of rows that it takes. Narrow: the codes of a chunk have norms whose product is at most
/// 32,767, so the product is exact, and below 2^24 for up to 512 chunks, so its `Float` is exact too. Wide: the norms of all codes
/// have a product below 2^24, for the same reason. The products with `offsets` and `tails` stay within the range of `Float`, and only a base may be
/// infinite; at most 2^16 rows and queries; `survivors` has room for
/// one panel: 16 rows times all queries of the quads.
/// Survivors come in an order that depends on the level.
package enum CodeTile {
    /// Tests pairs from panel `panel` on until all are done or the next panel may not fit; moves `panel` there and returns
    /// the number of survivors.
    package static func scan(
        _ level: KernelLevel,
        _ tile: simile_code_tile,
        from panel: inout Int,
        isSingleQuery: Bool,
        into survivors: UnsafeMutableBufferPointer<simile_survivor>
    ) -> Int {
        guard let start = survivors.baseAddress else { return 0 }
        precondition(level.isPermitted, "level \(level) may not be used here")
        var at = panel
        defer { panel = at }
        return unsafe withUnsafePointer(to: tile) { tile in
            isSingleQuery
                ? unsafe level.kernels.codeRow(tile, &at, start, survivors.count)
                : unsafe level.kernels.codeTile(tile, &at, start, survivors.count)
        }
    }

    static func reference(
        _ tile: UnsafePointer<simile_code_tile>,
        _ panel: UnsafeMutablePointer<Int>,
        _ survivors: UnsafeMutablePointer<simile_survivor>,
        _ capacity: Int
    ) -> Int {
        unsafe walk(tile.pointee, &panel.pointee, survivors, capacity, products: referenceProducts)
    }

    static func simd(
        _ tile: UnsafePointer<simile_code_tile>,
        _ panel: UnsafeMutablePointer<Int>,
        _ survivors: UnsafeMutablePointer<simile_survivor>,
        _ capacity: Int
    ) -> Int {
        unsafe walk(tile.pointee, &panel.pointee, survivors, capacity, products: simdProducts)
    }

    /// Panel by panel and query by query; `products` gives those of four rows of a panel.
    @inline(__always)
    private static func walk(
        _ tile: simile_code_tile,
        _ panel: inout Int,
        _ survivors: UnsafeMutablePointer<simile_survivor>,
        _ capacity: Int,
        products: (_ tile: simile_code_tile, _ panel: Int, _ group: Int, _ query: Int) -> SIMD4<Int32>
    ) -> Int {
        var found = 0
        let queryCount = unsafe 4 * tile.quad_count
        while unsafe panel < tile.panel_count, found + 16 * queryCount <= capacity {
            for query in 0..<queryCount {
                for group in 0..<4 {
                    let products = unsafe products(tile, panel, group, query)
                    for r in 0..<4 {
                        let row = 16 &* panel &+ 4 &* group &+ r
                        var lowest = unsafe tile.slopes[query] * tile.offsets[row] + tile.bases[query]
                        if let floors = unsafe tile.row_floors, let slopes = unsafe tile.floor_slopes,
                            let bases = unsafe tile.floor_bases
                        {
                            let other = unsafe slopes[query] * floors[row] + bases[query]
                            lowest = lowest < other ? lowest : other
                        }
                        let bound = unsafe tile.tail_slopes[query] * tile.tails[row] + lowest
                        if !(Float(products[r]) < bound) {
                            unsafe survivors[found] = simile_survivor(
                                query: UInt16(truncatingIfNeeded: query),
                                row: UInt16(truncatingIfNeeded: row),
                                product: products[r]
                            )
                            found &+= 1
                        }
                    }
                }
            }
            panel &+= 1
        }
        return found
    }

    /// Plain loops over the codes; no 16-bit sums.
    private static func referenceProducts(_ tile: simile_code_tile, _ panel: Int, _ group: Int, _ query: Int) -> SIMD4<
        Int32
    > {
        var products = SIMD4<Int32>.zero
        let rows = unsafe tile.panels + (panel * 16 * tile.depth + 16 * group)
        let codes = unsafe tile.queries + (query / 4 * 4 * tile.depth + query % 4 * 4)
        for step in unsafe 0..<tile.depth / 4 {
            for r in 0..<4 {
                for i in 0..<4 {
                    let row = unsafe Int32(rows[64 * step + 4 * r + i]) - 128
                    unsafe products[r] += row * Int32(codes[16 * step + i])
                }
            }
        }
        return products
    }

    /// The baseline twin: sixteen 16-bit sums that wrap, four rows times the four coordinates of a step; their total does not.
    @inline(__always)
    private static func simdProducts(_ tile: simile_code_tile, _ panel: Int, _ group: Int, _ query: Int) -> SIMD4<Int32>
    {
        var products = SIMD4<Int32>.zero
        var row = unsafe UnsafeRawPointer(tile.panels + (panel &* 16 &* tile.depth &+ 16 &* group))
        let (quad, lane) = query.quotientAndRemainder(dividingBy: 4)
        var code = unsafe UnsafeRawPointer(tile.queries + (quad &* 4 &* tile.depth &+ 4 &* lane))
        var correction = unsafe tile.corrections + (quad &* 4 &* tile.chunk_count &+ lane)
        var left = unsafe tile.depth
        while left > 0 {
            let depth = unsafe min(left, tile.chunk_depth)
            var sum = SIMD16<Int16>.zero
            for _ in 0..<depth / 4 {
                let bytes: SIMD16<UInt8> = unsafe row.loadUnaligned(as: SIMD16<UInt8>.self)
                let four: SIMD4<Int8> = unsafe code.loadUnaligned(as: SIMD4<Int8>.self)
                let x = SIMD16<Int16>(truncatingIfNeeded: bytes)
                let q = SIMD4<Int16>(truncatingIfNeeded: four)
                let pairs = SIMD8<Int16>(lowHalf: q, highHalf: q)
                let terms: SIMD16<Int16> = x &* SIMD16<Int16>(lowHalf: pairs, highHalf: pairs)
                sum = sum &+ terms
                unsafe row += 64
                unsafe code += 16
            }
            let halves = unsafe correction.pointee
            let undo = Int16(truncatingIfNeeded: halves) &+ Int16(truncatingIfNeeded: halves >> 16)
            for r in 0..<4 {
                var total: Int16 = undo
                for i in 0..<4 { total = total &+ sum[4 &* r &+ i] }
                products[r] = products[r] &+ Int32(total)
            }
            unsafe correction += 4
            left &-= depth
        }
        return products
    }
}
