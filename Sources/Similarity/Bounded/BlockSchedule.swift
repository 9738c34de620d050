// SPDX-License-Identifier: Apache-2.0

/// Who does what in a bounded walk: a worker stays with its block of queries, whose codes it has made, until no segment of
/// it is left, then takes a new block, and at the end helps with the block that has most left.
///
/// The first to hold a block scouts for it; others may help once what it found is published.
package struct BlockSchedule: Sendable {
    /// What a worker is to do next.
    package enum Step: Sendable, Equatable {
        case walk(block: Int, segment: Int)
        /// Nothing yet: the blocks that have segments left are being scouted for.
        case wait
        case stop
    }

    /// What the scout of a block found: the blocks of rows that some queries have visited, and the cuts that this gave.
    package struct Findings: Sendable {
        var visited: [Int: [UInt16]]
        var cuts: [Float]
    }

    private let segmentCounts: [Int]
    private var nextSegments: [Int]
    private var findings: [Findings?]
    private var untouched = 0

    package init(segmentCounts: [Int]) {
        self.segmentCounts = segmentCounts
        nextSegments = Array(repeating: 0, count: segmentCounts.count)
        findings = Array(repeating: nil, count: segmentCounts.count)
    }

    /// The next step of a worker that holds the codes of block `held`.
    package mutating func next(holding held: Int?) -> Step {
        if let held, nextSegments[held] < segmentCounts[held] { return take(held) }
        while untouched < segmentCounts.count {
            defer { untouched += 1 }
            if nextSegments[untouched] < segmentCounts[untouched] { return take(untouched) }
        }
        var most = 0
        var busiest: Int?
        var isWaiting = false
        for block in segmentCounts.indices where segmentCounts[block] > nextSegments[block] {
            if findings[block] == nil {
                isWaiting = true
            } else if segmentCounts[block] - nextSegments[block] > most {
                most = segmentCounts[block] - nextSegments[block]
                busiest = block
            }
        }
        if let busiest { return take(busiest) }
        return isWaiting ? .wait : .stop
    }

    /// Lets others help with a block.
    package mutating func publish(_ found: Findings, for block: Int) { findings[block] = found }

    /// What is known of a block that somebody scouts or has scouted for; nil for its first holder.
    package func findings(for block: Int) -> Findings? { findings[block] }

    private mutating func take(_ block: Int) -> Step {
        defer { nextSegments[block] += 1 }
        return .walk(block: block, segment: nextSegments[block])
    }
}
