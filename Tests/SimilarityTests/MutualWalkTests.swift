// SPDX-License-Identifier: Apache-2.0
//
// The self-search that looks at each pair once, against plain loops, byte for byte: hostile rows, blocks that are whole, one row short and one
// row long, every k, any number of workers. And its schedule: every pair of blocks once, no block in two hands.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct MutualWalkTests {
    /// Around whole panels and whole blocks.
    static let rowCounts = [1, 2, 3, 15, 16, 17, 31, 33, 511, 512, 513, 527, 528, 529, 1023, 1024, 1025, 1041, 1500]

    @Test(arguments: HostileRows.allCases, Metric.allCases)
    func `rows find their neighbors, whatever the blocks`(kind: HostileRows, metric: Metric) throws {
        // All of them in a long run; in a short one each meets every kind and every metric, but not both.
        let shift = (HostileRows.allCases.firstIndex(of: kind) ?? 0) + (Metric.allCases.firstIndex(of: metric) ?? 0)
        for (place, count) in Self.rowCounts.enumerated() where TestSize.isLong || (place + shift) % 4 == 0 {
            var random = SplitMix64(seed: UInt64(1000 * place + shift))
            let dimension = [3, 8, 20, 33][place % 4]
            let rows = kind.make(count, dimension: dimension, random: &random)
            let check = BoundedCheck(metric, corpus: rows, queries: [rows[0]], about: "\(kind), \(count) rows")
            // All neighbors of many rows are millions: of large sets few.
            let jobs = (count > 40 && !TestSize.isLong ? [1, 11] : [1, 7, count - 1, count + 5]).filter { $0 > 0 }
            let prefixes = place % 2 == 0 ? [dimension] : [max(1, dimension / 2)]
            try check.expectSame(jobs.map { .others(k: $0) }, prefixes: prefixes, workers: [2 + place % 7])
        }
    }

    @Test func `as many neighbors as there are, over several blocks`() throws {
        var random = SplitMix64(seed: 7)
        let check = BoundedCheck(
            .cosine,
            corpus: HostileRows.duplicates.make(530, dimension: 9, random: &random),
            queries: [[1, 0, 0, 0, 0, 0, 0, 0, 0]]
        )
        try check.expectSame([.others(k: 513), .others(k: 529), .others(k: 530)], prefixes: [9], workers: [1, 3])
    }

    @Test(arguments: Metric.allCases) func `norms from the least float to the largest that is taken`(metric: Metric)
        throws
    {
        var random = SplitMix64(seed: 8)
        let rows = HostileRows.decaying.make(1060, dimension: 10, random: &random).enumerated().map { i, row in
            // From 1e-42, below the least normal float, to 1e18.
            let scale = Float(sign: .plus, exponent: i * 7 % 200 - 140, significand: 1)
            return row.map { $0 * scale }
        }
        let check = BoundedCheck(metric, corpus: rows, queries: [rows[0]], about: "norms")
        try check.expectSame([.others(k: 1), .others(k: 12)], prefixes: [10, 6], workers: [1, 3])
        // One length a set, at both ends.
        for exponent in [-140, -100, 40, 58] {
            let scale = Float(sign: .plus, exponent: exponent, significand: 1)
            let same = HostileRows.decaying.make(600, dimension: 6, random: &random).map { $0.map { $0 * scale } }
            let check = BoundedCheck(metric, corpus: same, queries: [same[0]], about: "2^\(exponent)")
            try check.expectSame([.others(k: 5)], prefixes: [6, 3])
        }
    }

    @Test func `every level gives the same, with its own queries and with those of rows`() throws {
        var random = SplitMix64(seed: 5)
        let rows = HostileRows.decaying.make(1100, dimension: 40, random: &random)
        for metric in Metric.allCases {
            let check = BoundedCheck(metric, corpus: rows, queries: [rows[0]])
            let expected = try check.expected(.others(k: 9))
            for level in KernelLevel.available {
                // Rows that were coded for a level below are queries as well.
                for coding in KernelLevel.available where level.codes.takes(rowsOf: coding.codes) {
                    let prepared = try check.prepared(prefix: 24, level: coding)
                    let found = try check.run(.others(k: 9), with: prepared, workers: 3, level: level)
                    #expect(found.entries == expected.entries, "\(level), coded for \(coding), \(metric)")
                    // It is a filter: most pairs get no verdict.
                    #expect(found.counters.verdicts < found.counters.pairs / 3, "\(level) \(metric)")
                }
            }
        }
    }

    @Test func `rows without a score have no neighbors and are nobody's`() throws {
        var random = SplitMix64(seed: 6)
        var rows = HostileRows.decaying.make(700, dimension: 12, random: &random)
        for row in [0, 17, 512, 699] { rows[row] = Array(repeating: row == 17 ? .nan : 0, count: 12) }
        let check = BoundedCheck(.cosine, corpus: rows, queries: [rows[1]])
        try check.expectSame([.others(k: 3), .others(k: 699)], prefixes: [12, 5], workers: [1, 4])
        let found = try check.prepared(prefix: 12).nearest(
            to: check.corpus,
            k: 3,
            excludingSelf: true,
            options: {
                var options = RunOptions(engine: .bounded); options.invalidRows = .skip; return options
            }()
        )
        #expect(found[0].isEmpty && found[17].isEmpty && found[1].count == 3)
        let counters = found.counters
        #expect(counters.pairs - counters.filtered - counters.verdicts == 696 * 5, "four without a score, and itself")
        #expect(throws: SimilarityError.self) {
            try check.prepared(prefix: 12).nearest(to: check.corpus, k: 3, excludingSelf: true)
        }
        // Equal rows elsewhere are not the rows themselves; the answer is the same.
        let copy = VectorMatrix(rows: rows)
        var options = RunOptions(engine: .bounded)
        options.invalidRows = .skip
        let other = try check.prepared(prefix: 12).nearest(to: copy, k: 3, excludingSelf: true, options: options)
        #expect(other.rows == found.rows && other.scores == found.scores)
    }

    @Test(arguments: [1, 2, 3, 4, 7, 8, 13, 20], [1, 2, 3, 8])
    func `every pair of blocks once, and no block in two hands`(blockCount: Int, workers: Int) {
        for round in 0..<20 {
            var random = SplitMix64(seed: UInt64(100 * blockCount + round))
            // One set of blocks, and two of them.
            let secondCount = round < 10 || blockCount == 1 ? 0 : 1 + random.below(blockCount - 1)
            let first = 0..<blockCount - secondCount
            let near = (0..<blockCount).map { block in
                Array(
                    Set((0..<min(4, blockCount - 1)).map { _ in random.below(blockCount) }).filter {
                        secondCount == 0 ? $0 != block : first.contains($0) != first.contains(block)
                    }
                )
            }
            var schedule = MutualSchedule(near: near, secondCount: secondCount)
            var held = [Int?](repeating: nil, count: workers)
            var underWay = [(own: Int, partner: Int)?](repeating: nil, count: workers)
            var isDone = [Bool](repeating: false, count: workers)
            var pairs: [[Int]] = []
            var idle = 0
            while isDone.contains(false) {
                // Any worker may be next; one that is at a tile ends it first.
                let worker = random.below(workers)
                if let tile = underWay[worker] {
                    schedule.finish(own: tile.own, partner: tile.partner)
                    underWay[worker] = nil
                }
                if isDone[worker] { continue }
                switch schedule.next(holding: held[worker]) {
                case .stop: (isDone[worker], held[worker]) = (true, nil)
                case .wait:
                    held[worker] = nil
                    idle += 1
                    if idle > 100_000 { break }
                case .tile(let own, let partner):
                    held[worker] = own
                    for other in 0..<workers where other != worker {
                        let busy = [held[other], underWay[other]?.partner].compactMap { $0 }
                        #expect(!busy.contains(own) && !busy.contains(partner), "\(own) with \(partner)")
                    }
                    if own == partner { #expect(pairs.count < blockCount, "blocks with themselves come first") }
                    #expect(secondCount == 0 || first.contains(own) != first.contains(partner))
                    underWay[worker] = (own, partner)
                    pairs.append([min(own, partner), max(own, partner)])
                }
                if idle > 100_000 {
                    Issue.record("nobody gets on: \(pairs.count) of \(schedule.tileCount) pairs")
                    return
                }
            }
            #expect(pairs.count == schedule.tileCount && Set(pairs).count == pairs.count)
        }
    }
}
