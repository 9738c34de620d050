// SPDX-License-Identifier: Apache-2.0

import Similarity
import Testing
import VectorTestSupport

/// `bounded` against `reference`, byte for byte, on drawn hostile data and on the list of edges.
@Suite struct BoundedSweepTests {
    private static let dimensions = [
        1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 65, 100, 127, 128, 129, 131, 255, 257, 384, 400, 513, 768,
        1000, 1025,
        1536, 1599, 1600,
    ]

    @Test("hostile data of every dimension", arguments: dimensions)
    func sweep(dimension: Int) throws {
        let place = Self.dimensions.firstIndex(of: dimension) ?? 0
        for round in 0..<TestSize.rounds(1, long: 12) {
            // Every kind meets every dimension in a long run, and nine of them in a short one.
            let kinds =
                TestSize.isLong ? HostileRows.allCases : [place, place + 3].map { HostileRows.allCases[$0 % 7] }
            for kind in kinds {
                var random = SplitMix64(seed: UInt64(dimension * 1000 + round))
                // Several blocks of rows where that is cheap.
                let rowCount =
                    dimension <= 33 ? 400 + random.below(700) : max(20, 40_000 / dimension + random.below(40))
                let queryCount = 1 + random.below(dimension <= 33 ? 40 : 12)
                let rows = kind.make(rowCount + queryCount, dimension: dimension, random: &random)
                let metric = Metric.allCases[(round + random.below(Metric.allCases.count)) % Metric.allCases.count]
                let check = BoundedCheck(
                    metric,
                    corpus: Array(rows[queryCount...]),
                    queries: Array(rows[..<queryCount]),
                    about: "\(kind), \(dimension) dimensions, round \(round)"
                )
                try Self.run(check, random: &random)
            }
        }
    }

    /// A few operations, with cuts that some pair meets exactly, the identity and the data's own basis, any prefix.
    private static func run(_ check: BoundedCheck, random: inout SplitMix64) throws {
        let (n, d) = (check.corpus.rowCount, check.corpus.dimension)
        var jobs: [BoundedCheck.Job] = [.nearest(k: 1 + random.below(12)), .nearest(k: n - random.below(2))]
        if d <= 33 { jobs.append(.others(k: 3)) }
        let best = try check.run(.nearest(k: min(n, 5)), engine: .reference)
        if let last = best.entries.last,
            let middle = best.entries.first(where: { $0.bits != last.bits }) ?? best.entries.first
        {
            for entry in [last, middle] {
                jobs.append(.join(threshold: Float(bitPattern: entry.bits)))
            }
            if d <= 129 { jobs.append(.selfJoin(threshold: Float(bitPattern: last.bits))) }
        }
        let prefixes = [1 + random.below(d), d]
        let workers = [1, 2 + random.below(7)]
        try check.expectSame(jobs, prefixes: prefixes, workers: workers)
        let own = try Spectrum(of: check.corpus.storage, options: RunOptions())
        if !own.energies.isEmpty { try check.expectSame(jobs, prefixes: prefixes, spectrum: own, workers: workers) }
    }

    /// What the issue list of every exact engine has: corpora that have no spread, or too much.
    private static let edges: [(name: String, rows: [[Float]])] = {
        func vector(_ d: Int, _ seed: UInt64) -> [Float] {
            var random = SplitMix64(seed: seed)
            return (0..<d).map { _ in Float(random.below(1 << 24)) * 0x1p-23 - 1 }
        }
        func unit(_ d: Int, _ seed: UInt64) -> [Float] {
            let v = vector(d, seed)
            let norm = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return v.map { $0 / norm }
        }
        let equal = Array(repeating: vector(40, 1), count: 700)
        let zero = Array(repeating: [Float](repeating: 0, count: 24), count: 600)
        let giant = [vector(32, 2).map { $0 * 1e12 }] + (0..<900).map { unit(32, 100 + UInt64($0)) }
        let duplicates = (0..<2100).map { vector(20, UInt64($0 % 2)) }
        let lastBit = (0..<800).map { i in
            var row = vector(48, 3)
            row[i % 48] = i % 2 == 0 ? row[i % 48].nextUp : row[i % 48].nextDown
            return row
        }
        let small = (0..<300).map { vector(5, 200 + UInt64($0)) }
        let few = (0..<3).map { vector(64, 300 + UInt64($0)) }
        return [
            ("all equal", equal), ("all zero", zero), ("one giant", giant),
            ("two vectors a thousand times", duplicates),
            ("the last bit", lastBit), ("five dimensions", small), ("three rows", few),
        ]
    }()

    @Test("edges", arguments: edges.map(\.name), Metric.allCases)
    func edge(name: String, metric: Metric) throws {
        let rows = try #require(Self.edges.first { $0.name == name }).rows
        let check = BoundedCheck(metric, corpus: rows, queries: Array(rows.prefix(9)), about: name)
        let n = rows.count
        let nearest = try check.run(.nearest(k: 1), engine: .reference).entries.first
        let own = nearest.map { Float(bitPattern: $0.bits) } ?? 0
        var jobs: [BoundedCheck.Job] = [
            .nearest(k: 0), .nearest(k: 1), .nearest(k: n - 1), .nearest(k: n), .nearest(k: n + 5),
        ]
        // No pair, a few, and for the small ones all.
        let thresholds: [Float] = metric == .euclidean ? [0, own] : [1.5, own]
        jobs += thresholds.map { .join(threshold: $0) } + [.join(threshold: metric == .euclidean ? 1e30 : -1.5)]
        if n <= 900 { jobs.append(.selfJoin(threshold: own)) }
        jobs += [.others(k: 1), .others(k: 7)] + (n <= 300 ? [.others(k: n - 1), .others(k: n)] : [])
        try check.expectSame(jobs, prefixes: [1, rows[0].count], workers: [1, 3])
        for job in jobs {
            let expected = try check.expected(job).entries
            for engine in [Engine.bounded, .auto] {
                let found = try check.run(job, engine: engine, workers: 2).entries
                #expect(found == expected, "\(name), \(metric), \(engine), \(job)")
            }
        }
    }
}
