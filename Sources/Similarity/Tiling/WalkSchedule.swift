// SPDX-License-Identifier: Apache-2.0

/// Who does what: hands out one segment of one block at a time.
///
/// The state of a block is a *baton*. Whoever holds it walks the next segment of its block and gives it back, so a block
/// is never walked by two workers and its cut keeps what it has learnt; and since all batons take turns, workers are at
/// about the same place of the corpus and share what the cache holds of it. A worker that finds no baton but segments
/// left takes a second baton for that block, with an empty sink: that balances the end of a job, and is how a job of
/// fewer blocks than workers (a single query, say) is split over the rows.
package struct WalkSchedule<Sink: TileSink>: Sendable {
    /// The state of a walk over some segments of one block.
    package struct Baton: Sendable {
        package let block: Int
        package var sink: Sink
        package var counters: RunCounters

        package init(block: Int, sink: Sink, counters: RunCounters) {
            self.block = block
            self.sink = sink
            self.counters = counters
        }
    }

    private let segmentCounts: [Int]
    private var nextSegments: [Int]
    /// Batons in turn; those before `head` have been taken.
    private var waiting: [Baton?] = []
    private var head = 0
    private var untouchedBlocks: Range<Int>
    private var finished: [Baton] = []
    private let makeBaton: @Sendable (Int) -> Baton

    package init(segmentCounts: [Int], makeBaton: @escaping @Sendable (Int) -> Baton) {
        self.segmentCounts = segmentCounts
        self.makeBaton = makeBaton
        nextSegments = Array(repeating: 0, count: segmentCounts.count)
        untouchedBlocks = 0..<segmentCounts.count
    }

    /// The next segment to walk and the baton to walk it with, or nil if all segments are taken.
    package mutating func next() -> (baton: Baton, segment: Int)? {
        while let block = untouchedBlocks.first {
            untouchedBlocks = untouchedBlocks.dropFirst()
            if nextSegments[block] < segmentCounts[block] { return (makeBaton(block), takeSegment(of: block)) }
            finished.append(makeBaton(block))
        }
        while head < waiting.count {
            guard let baton = waiting[head].take() else { preconditionFailure("a baton is taken once") }
            head += 1
            if nextSegments[baton.block] < segmentCounts[baton.block] {
                return (baton, takeSegment(of: baton.block))
            }
            finished.append(baton)
        }
        let remaining = segmentCounts.indices.map { segmentCounts[$0] - nextSegments[$0] }
        guard let most = remaining.max(), most > 0, let block = remaining.firstIndex(of: most) else { return nil }
        return (makeBaton(block), takeSegment(of: block))
    }

    /// Puts a baton back in line.
    package mutating func giveBack(_ baton: consuming Baton) {
        if head > 64, head > waiting.count / 2 {
            waiting.removeFirst(head)
            head = 0
        }
        waiting.append(baton)
    }

    /// The sinks of all blocks in order, those of one block joined, once no segment is left.
    package consuming func results(engine: Engine) -> (sinks: [Sink], counters: RunCounters) {
        var counters = RunCounters(engine: engine)
        var sinks: [Sink?] = Array(repeating: nil, count: segmentCounts.count)
        for baton in finished + waiting.compactMap({ $0 }) {
            counters.add(baton.counters)
            if sinks[baton.block] == nil {
                sinks[baton.block] = baton.sink
            } else {
                sinks[baton.block]?.merge(baton.sink)
            }
        }
        return (sinks.compactMap { $0 }, counters)
    }

    private mutating func takeSegment(of block: Int) -> Int {
        defer { nextSegments[block] += 1 }
        return nextSegments[block]
    }
}
