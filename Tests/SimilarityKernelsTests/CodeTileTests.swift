// SPDX-License-Identifier: Apache-2.0
//
// The integer filter against plain integer arithmetic: every survivor and every product, on every level, with no tolerance.
// Codes: at the norm limit of a chunk, aligned and opposed, so that 16-bit sums end at +-32761 and wrap on the way. Depths: 4
// to 1600, one to thirteen chunks, last chunks shorter than the others. Bounds: ties, NaN, infinities, and offsets and tails
// that are small powers of two, so that a bound is the same fused and not. Also: padding, one query, room for one panel.

import CSimilarityKernels
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct CodeTileTests {
    /// Depth and chunk depth.
    static let shapes = [
        (4, 4), (8, 4), (12, 8), (20, 20), (32, 32), (64, 64), (124, 124), (128, 128), (132, 68), (140, 128),
        (256, 128),
        (388, 100), (1600, 124), (1600, 128),
    ]

    @Test("codes at the limit of a chunk give exact products", arguments: KernelLevel.available, shapes)
    func limits(level: KernelLevel, shape: (depth: Int, chunkDepth: Int)) {
        var random = SplitMix64(seed: UInt64(shape.depth * 1000 + shape.chunkDepth))
        var extreme = 0
        for kind in HostileCodes.allCases {
            func codes(_ limit: Int) -> [Int] {
                kind.codes(depth: shape.depth, chunkDepth: shape.chunkDepth, limit: limit, using: &random)
            }
            let signs = (0..<shape.depth).map { _ in random.below(2) * 2 - 1 }
            let q = codes(63)
            let opposed = q.map { -$0 }
            let mixed = zip(q, signs).map { $0 * $1 }
            // Rows along and against the queries, and rows with larger codes than a query may have.
            let own = codes(127)
            let rows = [q, opposed, mixed, mixed.map { -$0 }, own, own.map { -$0 }, zip(own, signs).map { $0 * $1 }]
            let tile = CodeTileCase(
                rows: rows + (0..<13).map { _ in codes(127) },
                queries: [q, opposed, mixed, codes(63), codes(63)],
                chunkDepth: shape.chunkDepth
            )
            #expect(tile.scan(level) == tile.expected(), "\(kind)")
            extreme = max(extreme, tile.product(0, 0), -tile.product(0, 1))
        }
        // Eight places of a chunk are enough to reach the limit with queries' codes, and the last chunk may be shorter.
        if shape.chunkDepth >= 20 { #expect(extreme >= 32_761 * (shape.depth / shape.chunkDepth)) }
    }

    @Test("random tiles of many panels and quads, at any alignment", arguments: KernelLevel.available)
    func random(level: KernelLevel) {
        for seed in UInt64(0)..<UInt64(TestSize.rounds(15, long: 500)) {
            var random = SplitMix64(seed: seed)
            let depth = 4 + 4 * random.below(70)
            let chunkDepth = min(depth, 4 + 4 * random.below(32))
            let kinds = HostileCodes.allCases
            func vectors(_ count: Int, _ limit: Int) -> [[Int]] {
                (0..<count).map { _ in
                    kinds[random.below(kinds.count)].codes(
                        depth: depth,
                        chunkDepth: chunkDepth,
                        limit: limit,
                        using: &random
                    ).map { random.below(2) == 0 ? $0 : -$0 }
                }
            }
            var tile = CodeTileCase(
                rows: vectors(1 + random.below(70), 127),
                queries: vectors(1 + random.below(30), 63),
                chunkDepth: chunkDepth
            )
            tile.offsets = tile.rows.map { _ in Float(random.below(8)) }
            tile.tails = tile.rows.map { _ in Float(random.below(4)) }
            for q in tile.queries.indices {
                tile.slopes[q] = Float(random.below(64))
                tile.tailSlopes[q] = -Float(random.below(128))
                // At a product, one below, or one above: ties survive.
                let row = random.below(tile.rows.count)
                let bound = tile.slopes[q] * tile.offsets[row] + tile.tailSlopes[q] * tile.tails[row]
                tile.bases[q] = Float(tile.product(q, row)) - bound + Float(random.below(3) - 1)
            }
            let expected = tile.expected()
            for shift in [0, 1, 5] { #expect(tile.scan(level, shift: shift) == expected, "seed \(seed)") }
            // Room for one panel, then for one and a half: the scan goes on where it stopped.
            let room = 16 * tile.queries.count
            #expect(tile.scan(level, capacity: room + room / 2) == expected, "seed \(seed)")
            #expect(tile.scan(level, capacity: 100 * room) == expected, "seed \(seed)")
        }
    }

    @Test("a pair survives by the floor of its query or of its row", arguments: KernelLevel.available)
    func floors(level: KernelLevel) {
        for seed in UInt64(0)..<UInt64(TestSize.rounds(15, long: 300)) {
            var random = SplitMix64(seed: seed)
            let depth = 4 + 4 * random.below(40)
            func vectors(_ count: Int) -> [[Int]] {
                (0..<count).map { _ in
                    HostileCodes.allCases[random.below(HostileCodes.allCases.count)].codes(
                        depth: depth,
                        chunkDepth: min(depth, 64),
                        limit: 63,
                        using: &random
                    ).map { random.below(2) == 0 ? $0 : -$0 }
                }
            }
            var tile = CodeTileCase(
                rows: vectors(1 + random.below(70)),
                queries: vectors(1 + random.below(40)),
                chunkDepth: min(depth, 64)
            )
            if seed % 2 == 0 {
                tile.offsets = tile.rows.map { _ in Float(random.below(8)) }
                tile.tails = tile.rows.map { _ in Float(random.below(4)) }
            }
            func product() -> Float {
                Float(tile.product(random.below(tile.queries.count), random.below(tile.rows.count)))
            }
            // Floors in sixteenths, so that a bound is the same fused and not; some rows want everything, and padding wants nothing.
            tile.rowFloors = tile.rows.map { _ in
                switch random.below(8) {
                case 0: -.infinity
                case 1: 1e18
                default: product() / 16
                }
            }
            tile.floorSlopes = tile.queries.map { _ in random.below(9) == 0 ? 0 : 16 }
            tile.floorBases = tile.queries.map { _ in random.below(9) == 0 ? -.infinity : Float(random.below(64)) }
            tile.bases = tile.queries.map { _ in random.below(7) == 0 ? .infinity : product() + Float(random.below(500))
            }
            for q in tile.queries.indices {
                tile.slopes[q] = Float(random.below(64))
                tile.tailSlopes[q] = -Float(random.below(128))
            }
            let expected = tile.expected()
            #expect(!expected.isEmpty)
            for shift in [0, 3] { #expect(tile.scan(level, shift: shift) == expected, "seed \(seed)") }
            #expect(tile.scan(level, capacity: 24 * tile.queries.count) == expected, "seed \(seed)")
            // Whoever is told of by the one floor alone is told of by both.
            var alone = tile
            alone.rowFloors = []
            #expect(Set(expected).isSuperset(of: alone.expected()))
        }
    }

    @Test("when everything survives, each panel fills the room", arguments: KernelLevel.available, [1, 4, 37, 512])
    func full(level: KernelLevel, queryCount: Int) {
        let tile = CodeTileCase(
            rows: (0..<40).map { [$0, 1, -$0, 127] },
            queries: (0..<queryCount).map { [$0 % 63, -63, 1, 0] },
            chunkDepth: 4
        )
        #expect(tile.expected().count == 48 * tile.queries.count)
        #expect(tile.scan(level) == tile.expected())
    }

    @Test("one query streams the same survivors", arguments: KernelLevel.available, shapes)
    func singleQuery(level: KernelLevel, shape: (depth: Int, chunkDepth: Int)) {
        for (seed, kind) in HostileCodes.allCases.enumerated() {
            var random = SplitMix64(seed: UInt64(seed + shape.depth))
            func codes(_ limit: Int) -> [Int] {
                kind.codes(depth: shape.depth, chunkDepth: shape.chunkDepth, limit: limit, using: &random)
            }
            let q = codes(63)
            var tile = CodeTileCase(
                rows: [q, q.map { -$0 }] + (0..<35).map { _ in codes(127) },
                queries: [q],
                chunkDepth: shape.chunkDepth
            )
            tile.offsets = tile.rows.indices.map { Float($0 % 3) }
            tile.tails = tile.rows.indices.map { Float($0 % 5) }
            for (slope, tailSlope, row) in [(0, 0, 7), (2, -4, 3), (1, -1, 36)] as [(Float, Float, Int)] {
                tile.slopes = [slope, 0, 0, 0]
                tile.tailSlopes = [tailSlope, 0, 0, 0]
                let bound = slope * tile.offsets[row] + tailSlope * tile.tails[row]
                tile.bases = [Float(tile.product(0, row)) - bound, .infinity, .infinity, .infinity]
                let expected = tile.expected()
                #expect(expected.contains { $0.row == row } && expected.allSatisfy { $0.query == 0 })
                for capacity in [64, 65, 1000] {
                    let found = tile.scan(level, isSingleQuery: true, capacity: capacity, shift: capacity % 3)
                    #expect(found == expected, "\(kind), room for \(capacity)")
                    #expect(tile.scan(level, capacity: capacity) == expected, "\(kind), as a quad")
                }
            }
        }
    }
}
