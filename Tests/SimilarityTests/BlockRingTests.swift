// SPDX-License-Identifier: Apache-2.0

import Similarity
import Testing
import VectorTestSupport

@Suite struct BlockRingTests {
    @Test func `each pair of blocks belongs to one of them, and to each about as many`() {
        for count in 1...40 {
            let ring = BlockRing(count: count)
            var owners: [[Int]: [Int]] = [:]
            for block in 0..<count {
                for distance in 1..<ring.partnerCount(of: block) + 1 {
                    let partner = ring.partner(of: block, at: distance)
                    owners[[min(block, partner), max(block, partner)], default: []].append(block)
                }
            }
            #expect(owners.count == count * (count - 1) / 2 && owners.values.allSatisfy { $0.count == 1 })
            for (pair, owner) in owners {
                let other = pair[0] == owner[0] ? pair[1] : pair[0]
                #expect(ring.owns(owner[0], other) && !ring.owns(other, owner[0]))
            }
            let counts = (0..<count).map(ring.partnerCount)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
    }

    /// Three blocks and a bit, with ties and a row without a cosine; prepared with and without codes of the tail.
    @Test(arguments: [Metric.cosine, .euclidean], [true, false])
    func `the pairs of all blocks are those of a self-join`(metric: Metric, codesTail: Bool) throws {
        var rows = (0..<1_700).map { _ in [Float]() }
        var generator = SplitMix64(seed: 5)
        for i in rows.indices {
            rows[i] =
                i % 9 == 8
                ? rows[i - 8] : (0..<24).map { Float.random(in: -1...1, using: &generator) / Float(1 + $0 / 3) }
        }
        rows[77] = [Float](repeating: 0, count: 24)
        let matrix = VectorMatrix(rows: rows)
        let options = RunOptions(engine: .reference)
        let threshold: Float = metric == .cosine ? 0.7 : 0.9
        let expected = try matrix.selfJoin(threshold: threshold, metric: metric, options: options)
        let prepared = try PreparedCorpus(
            matrix,
            metric: metric,
            spectrum: .identity(dimension: 24),
            prefix: 8,
            codesTail: codesTail,
            options: RunOptions()
        )
        #expect(expected.pairs.count > 1_000 && prepared.blockRing.count == 4)
        for cuts in [[0, 4], [0, 1, 1, 3, 4], [0, 1, 2, 3, 4]] {
            var pairs: [ScoredPair] = []
            for (start, end) in zip(cuts, cuts.dropFirst()) {
                pairs += try prepared.selfJoin(threshold: threshold, ofBlocks: start..<end, options: RunOptions()).pairs
            }
            #expect(Set(pairs) == Set(expected.pairs) && pairs.count == expected.pairs.count)
        }
        // A corpus that was prepared for a join is one that can be searched, too.
        let queries = VectorMatrix(rows: Array(rows.prefix(40)))
        let found = try prepared.nearest(to: queries, k: 12)
        let nearest = try matrix.nearest(to: queries, k: 12, metric: metric, options: options)
        #expect((0..<40).allSatisfy { found[$0] == nearest[$0] })
    }

    /// Bands of blocks, each with itself and each with each, as the groups of a job have them; `k` smaller and larger than a band.
    @Test(arguments: [Metric.cosine, .dot, .euclidean], [1, 5, 600])
    func `the neighbors of all bands are those of a search`(metric: Metric, k: Int) throws {
        var random = SplitMix64(seed: UInt64(k))
        for kind in k > 5 ? [HostileRows.nearTies] : [.decaying, .duplicates] {
            let rows = kind.make(1_100, dimension: 20, random: &random)
            let matrix = VectorMatrix(rows: rows)
            let reference = RunOptions(engine: .reference)
            let expected = try matrix.nearest(to: matrix, k: k, metric: metric, excludingSelf: true, options: reference)
            let prepared = try PreparedCorpus(matrix, metric: metric)
            let blockCount = prepared.blockRing.count
            for cuts in [[0, blockCount], [0, 1, blockCount], [0, 0, 1, min(2, blockCount), blockCount]] {
                let bands = zip(cuts, cuts.dropFirst()).map { $0..<$1 }
                let options = RunOptions(workers: Workers(count: 3))
                let known = try bands.map { try prepared.neighbors(k: k, ofBlocks: $0, options: options) }
                var pairs = known.flatMap { $0 }
                for (i, first) in bands.enumerated() {
                    for j in bands.indices where j > i {
                        pairs += try prepared.neighbors(
                            k: k,
                            ofBlocks: first,
                            and: bands[j],
                            known: known[i] + known[j],
                            options: options
                        )
                    }
                }
                #expect(Set(pairs).count == pairs.count)
                var found: [[Neighbor]] = Array(repeating: [], count: rows.count)
                for pair in pairs { found[pair.a].append(Neighbor(row: pair.b, score: pair.score)) }
                for row in rows.indices {
                    #expect(Array(found[row].sorted(by: metric.ranks).prefix(k)) == Array(expected[row]))
                }
            }
        }
    }
}
