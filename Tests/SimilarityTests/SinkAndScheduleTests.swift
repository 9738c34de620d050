// SPDX-License-Identifier: Apache-2.0
//
// The parts of a walk: a top-k sink keeps the same rows in whatever order they are offered and however they are split and
// merged; a tile plan is a pure function that covers every shape; a schedule hands out each segment once, to one worker
// a baton, under contention.

import Similarity
import SimilarityKernels
import Synchronization
import Testing
import VectorTestSupport

@Suite struct TopKSinkTests {
    @Test("what is kept does not depend on the order of offers, nor on merging", arguments: [1, 2, 3, 7, 50])
    func order(k: Int) {
        for seed in UInt64(0)..<60 {
            var random = SplitMix64(seed: seed)
            // Few distinct scores, -0 and 0 among them, so ties abound.
            let scores: [Float] = [-2, -1, 0, -0.0, 1, -.infinity]
            let offers = (0..<40).map { ScoreOracle.Entry(row: $0, score: scores[random.below(scores.count)]) }
            let sorted = offers.sorted { a, b in a.score == b.score ? a.row < b.row : a.score > b.score }
            let expected = sorted.prefix(k).map(\.row)
            var whole = TopKSink(queryCount: 2, k: k)
            var parts = (0..<3).map { _ in TopKSink(queryCount: 2, k: k) }
            for offer in offers.shuffled(using: &random) {
                whole.offer(query: 1, row: offer.row, score: offer.score)
                parts[random.below(3)].offer(query: 1, row: offer.row, score: offer.score)
            }
            parts[0].merge(parts[1])
            parts[2].merge(parts[0])
            #expect(whole.ranked(1).map(\.row) == expected, "seed \(seed)")
            #expect(parts[2].ranked(1).map(\.row) == expected, "seed \(seed)")
            #expect(whole.ranked(0).isEmpty && whole.cut(for: 0) == -.infinity)
            if k <= 40 {
                #expect(whole.cut(for: 1) == whole.ranked(1).last?.score)
            } else {
                #expect(whole.cut(for: 1) == -.infinity)
            }
        }
    }
}

@Suite struct TilePlanTests {
    @Test("a plan has tiles of bounded memory, for any shape")
    func planned() {
        for queryCount in [0, 1, 3, 4, 5, 511, 512, 513, 1 << 20, .max] {
            for dimension in [1, 2, 3, 384, 1536, 100_000, 1 << 30, .max] {
                let plan = TilePlan.planned(queryCount: queryCount, dimension: dimension)
                #expect(plan.queries >= 1 && plan.rows >= 16 && plan.tilesPerSegment >= 1)
                #expect(plan.queries <= 512 && plan.rows <= 1024)
                let bytes = Double(max(plan.queries, plan.rows)) * Double(dimension) * 4
                #expect(bytes <= 4 * 0x1p20 || max(plan.queries, plan.rows) <= 16)
                #expect(plan.description.contains("\(plan.queries) x \(plan.rows)"))
            }
        }
    }
}

@Suite struct WalkScheduleTests {
    /// Remembers the segments that were walked with it.
    private struct Recorder: TileSink {
        static var cutsMove: Bool { false }
        var block: Int
        var segments: [Int] = []
        func cut(for query: Int) -> Float { 0 }
        mutating func offer(query: Int, row: Int, score: Float) { segments.append(row) }
        mutating func merge(_ other: Recorder) { segments += other.segments }
        var keptPairs: Int { 0 }
    }

    @Test(
        "each segment is handed out exactly once",
        arguments: [1, 2, 3, 5, 8],
        [[], [0], [1], [200], [0, 3, 0, 5], [7, 7, 7, 7], Array(repeating: 3, count: 300), Array(0..<40)]
    )
    func once(workers: Int, counts: [Int]) {
        let schedule = Mutex(
            WalkSchedule<Recorder>(segmentCounts: counts) { block in
                .init(block: block, sink: Recorder(block: block), counters: RunCounters(engine: .reference))
            }
        )
        runWorkers(workers) { _ in
            while let (taken, segment) = schedule.withLock({ $0.next() }) {
                var baton = taken
                if baton.block != baton.sink.block { Issue.record("a baton with the sink of another block") }
                // Ascending within one sink, as sinks are promised.
                if let last = baton.sink.segments.last, last >= segment {
                    Issue.record("segment \(segment) after \(last)")
                }
                baton.sink.offer(query: 0, row: segment, score: 0)
                schedule.withLock { $0.giveBack(baton) }
            }
        }
        let (sinks, counters) = schedule.withLock { $0 }.results(engine: .simd)
        #expect(sinks.map(\.block) == Array(counts.indices))
        #expect(sinks.map { $0.segments.sorted() } == counts.map { Array(0..<$0) })
        #expect(counters == RunCounters(engine: .simd))
    }
}
