// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// How many threads an operation may use. The library has no pool: it makes the threads for a call and ends them.
public struct Workers: Sendable, Equatable {
    /// Threads, the caller's own among them; at least 1.
    public let count: Int

    /// - Precondition: `count >= 1`.
    public init(count: Int) {
        precondition(count >= 1, "\(count) workers")
        self.count = count
    }

    /// As many as the process may use: the smaller of its affinity mask and its control group's CPU quota.
    /// Asked of the system once a process.
    public static let available = Workers(count: min(affinity, quota ?? .max))

    /// Only the calling thread.
    public static let single = Workers(count: 1)

    /// One for jobs that end sooner than a thread starts, else all.
    func useful(queryCount: Int, rowCount: Int, depth: Int) -> Int {
        Double(queryCount) * Double(rowCount) * Double(depth) < 4e6 ? 1 : count
    }

    /// Processors in the affinity mask.
    package static var affinity: Int { ProcessorCount.affinity }
    /// Processors that the control group's quota allows, if there is one.
    package static var quota: Int? { ProcessorCount.groupQuota }
}
