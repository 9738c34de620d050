// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What the workers of one walk share: whether to go on, how many pairs they keep, and how far they are. Every driver has one.
final class WalkControl: Sendable {
    private let options: RunOptions
    private let segmentCount: Int
    private let progress: ProgressReporter?
    private let stops = Atomic<Bool>(false)
    private let sawInvalidRow = Atomic<Bool>(false)
    private let kept = Atomic<Int>(0)
    private let done = Atomic<Int>(0)

    /// - Parameter pairCount: What all segments together decide, which progress is told of.
    /// - Throws: `CancellationError` if the operation is to stop before it begins: other workers may do everything before the
    ///   caller's thread gets its turn.
    init(_ options: RunOptions, segmentCount: Int, pairCount: Double) throws(CancellationError) {
        try options.checkCancellation()
        self.options = options
        self.segmentCount = segmentCount
        progress = ProgressReporter(options.progress, total: Int(min(pairCount, 0x1p62)), unit: .pairs)
    }

    /// Whether a worker is to stop. Only worker 0 is on the thread of the caller's task.
    @inline(__always)
    func isStopped(worker: Int) -> Bool {
        if stops.load(ordering: .relaxed) { return true }
        guard options.cancellation?.isCancelled == true || (worker == 0 && Task.isCancelled) else { return false }
        stops.store(true, ordering: .relaxed)
        return true
    }

    /// Counts pairs that are kept, and stops when they are more than the limit.
    func keep(_ count: Int) {
        let now = kept.wrappingAdd(count, ordering: .relaxed).newValue
        if let limit = options.pairLimit, now > limit { stops.store(true, ordering: .relaxed) }
    }

    /// Stops because a row is invalid and that is to be rejected.
    func foundInvalidRow() {
        sawInvalidRow.store(true, ordering: .relaxed)
        stops.store(true, ordering: .relaxed)
    }

    /// Counts a segment that is done, and tells of progress.
    func finishSegment() {
        let finished = done.wrappingAdd(1, ordering: .relaxed).newValue
        progress?.advance(toShare: Double(finished) / Double(max(segmentCount, 1)))
    }

    /// Ends the walk when all workers are done.
    ///
    /// - Throws: what stopped it: the error for invalid rows that `rejectInvalidRows` throws, `SimilarityError` of code `tooLarge`,
    ///   or `CancellationError`.
    func end(rejectInvalidRows: () throws -> Void) throws {
        if sawInvalidRow.load(ordering: .relaxed) { try rejectInvalidRows() }
        if let limit = options.pairLimit, kept.load(ordering: .relaxed) > limit {
            throw SimilarityError.tooLarge("more than \(limit) pairs reach the threshold")
        }
        if stops.load(ordering: .relaxed) { throw CancellationError() }
    }
}
