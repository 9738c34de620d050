// SPDX-License-Identifier: Apache-2.0
//
// The comparison of the integer filter: a pair survives unless its product is below the bound, so ties survive, and so does
// everything whose bound is NaN or minus infinity; padding has an infinite base and never survives. Where a bound rounds, it
// must lie within the contract's error.

import CSimilarityKernels
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct CodeTileBoundTests {
    /// Products 0 ... 47 for the first query, 10 times that for the second, and so on.
    private static func ramp(queryCount: Int) -> CodeTileCase {
        CodeTileCase(
            rows: (0..<48).map { [$0, 0, 0, 0] },
            queries: (0..<queryCount).map { [1 + 9 * ($0 % 4), 0, 0, 0] },
            chunkDepth: 4
        )
    }

    @Test("a pair at the bound survives, one below it does not", arguments: KernelLevel.available)
    func ties(level: KernelLevel) {
        var tile = Self.ramp(queryCount: 8)
        for at in [0, 1, 17, 47] {
            for (base, first) in [(Float(at), at), (Float(at).nextUp, at + 1), (Float(at).nextDown, at)] {
                tile.bases = tile.queries.map { base * Float($0[0]) }
                let survivors = tile.scan(level)
                #expect(survivors == tile.expected())
                #expect(survivors.filter { $0.query == 0 }.map(\.row) == Array(first..<48))
            }
        }
    }

    @Test("NaN and infinite bounds", arguments: KernelLevel.available, [false, true])
    func specials(level: KernelLevel, isSingleQuery: Bool) {
        let (inf, nan) = (Float.infinity, Float.nan)
        // Slope, offset, slope of the tail, tail, base; whether product 5 survives.
        let cases: [(Float, Float, Float, Float, Float, Bool)] = [
            (0, 0, 0, 0, inf, false), (0, 0, 0, 0, -inf, true), (0, 0, 0, 0, nan, true), (0, 7, 0, 7, inf, false),
            (1, inf, 0, 0, 3, false), (1, inf, -1, inf, 3, true), (1, -inf, 0, 0, 3, true), (0, inf, 0, 0, 3, true),
            (nan, 0, 0, 0, 3, true), (1, nan, 0, 0, 99, true), (0, 0, nan, 1, 99, true), (0, 0, -1, inf, inf, true),
            (1e30, 1e6, 0, 0, 1e30, false), (0, 0, -1e30, 1e6, 1e30, true), (3, 1e30, -1e30, 1e6, inf, false),
            (0, 0, 0, 0, -0.0, true), (0, 0, -.leastNonzeroMagnitude, 1, 5, true), (1, 0x1p-140, 0, 0, 5, true),
        ]
        for (slope, offset, tailSlope, tail, base, survives) in cases {
            var tile = CodeTileCase(rows: [[5, 0, 0, 0]], queries: [[1, 0, 0, 0]], chunkDepth: 4)
            tile.slopes[0] = slope
            tile.tailSlopes[0] = tailSlope
            tile.offsets = tile.offsets.map { _ in offset }
            tile.tails = tile.tails.map { _ in tail }
            tile.bases = [base, inf, inf, inf]
            let found = tile.scan(level, isSingleQuery: isSingleQuery)
            let about = "\(slope) * \(offset) + \(tailSlope) * \(tail) + \(base)"
            #expect(found.contains { $0.query == 0 && $0.row == 0 } == survives, "\(about)")
        }
    }

    @Test("a rounded bound is within the contract's error", arguments: KernelLevel.available)
    func rounded(level: KernelLevel) {
        for seed in UInt64(0)..<80 {
            var random = SplitMix64(seed: seed)
            var tile = CodeTileCase(
                rows: (0..<48).map { _ in (0..<8).map { _ in random.below(201) - 100 } },
                queries: (0..<8).map { _ in (0..<8).map { _ in random.below(101) - 50 } },
                chunkDepth: 8
            )
            let scale = Float(sign: .plus, exponent: random.below(40) - 20, significand: 1)
            tile.offsets = tile.rows.map { _ in (1 + random.signedUnit()) * scale }
            tile.tails = tile.rows.map { _ in 1 + random.signedUnit() }
            for q in tile.queries.indices {
                tile.slopes[q] = (2 + random.signedUnit()) / scale * 1000
                tile.tailSlopes[q] = random.signedUnit() * 3000 - 3000
                let row = random.below(48)
                tile.bases[q] =
                    Float(tile.product(q, row)) - tile.slopes[q] * tile.offsets[row] - tile.tailSlopes[q]
                    * tile.tails[row]
            }
            let found = Set(tile.scan(level))
            for q in tile.queries.indices {
                for row in tile.rows.indices {
                    let terms = [
                        Double(tile.slopes[q]) * Double(tile.offsets[row]),
                        Double(tile.tailSlopes[q]) * Double(tile.tails[row]), Double(tile.bases[q]),
                    ]
                    let product = tile.product(q, row)
                    let error = 4 * Tolerance.u * terms.reduce(0) { $0 + abs($1) } + 0x1p-147
                    let excess = Double(product) - terms.reduce(0, +)
                    let survived = found.contains(CodeTileCase.Survivor(query: q, row: row, product: product))
                    if abs(excess) > error { #expect(survived == (excess > 0), "seed \(seed), \(q), \(row)") }
                }
            }
        }
    }

    @Test("queries and rows that only fill up survive by their own bounds alone", arguments: KernelLevel.available)
    func padding(level: KernelLevel) {
        var tile = CodeTileCase(
            rows: (0..<19).map { [127, $0, -127, 3] },
            queries: (0..<5).map { [63, -63, $0, 63] },
            chunkDepth: 4
        )
        #expect(tile.rows.count == 32 && tile.queries.count == 8)
        tile.bases = (0..<8).map { $0 < 5 ? 1 : .infinity }
        let found = tile.scan(level)
        #expect(found == tile.expected() && found.allSatisfy { $0.row < 19 && $0.query < 5 } && !found.isEmpty)
        // A row of zeros has a product of 0, and survives where that is enough; whoever calls knows how many rows there are.
        tile.bases = (0..<8).map { $0 < 5 ? 0 : .infinity }
        #expect(tile.scan(level).filter { $0.row >= 19 }.count == 13 * 5)
    }
}
