// SPDX-License-Identifier: Apache-2.0

/// Who does what in a bounded walk: a worker stays with its block of queries, whose codes it has made, until no segment of
/// it is left, then takes a new block, and at the end helps with the block that has most left.
package struct BlockSchedule: Sendable {
    private let segmentCounts: [Int]
    private var nextSegments: [Int]
    private var untouched = 0

    package init(segmentCounts: [Int]) {
        self.segmentCounts = segmentCounts
        nextSegments = Array(repeating: 0, count: segmentCounts.count)
    }

    /// The next segment for a worker that holds the codes of block `held`, or nil if all are taken.
    package mutating func next(holding held: Int?) -> (block: Int, segment: Int)? {
        if let held, nextSegments[held] < segmentCounts[held] { return take(held) }
        while untouched < segmentCounts.count {
            defer { untouched += 1 }
            if nextSegments[untouched] < segmentCounts[untouched] { return take(untouched) }
        }
        var most = 0
        var busiest: Int?
        for block in segmentCounts.indices where segmentCounts[block] - nextSegments[block] > most {
            most = segmentCounts[block] - nextSegments[block]
            busiest = block
        }
        return busiest.map { take($0) }
    }

    private mutating func take(_ block: Int) -> (block: Int, segment: Int) {
        defer { nextSegments[block] += 1 }
        return (block, nextSegments[block])
    }
}
