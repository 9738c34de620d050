// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// How far an operation is. It is told by one thread at a time, and never less than before.
public struct RunProgress: Sendable, Hashable {
    /// What is counted.
    public struct Unit: Sendable, Hashable, CustomStringConvertible {
        /// The name, e.g. `pairs`.
        public let description: String

        /// Pairs of rows that are decided.
        public static let pairs = Unit(description: "pairs")
        /// Rows that are read or written.
        public static let rows = Unit(description: "rows")
        /// Texts that have a vector.
        public static let texts = Unit(description: "texts")
        /// Tokens of texts that have a vector: long texts take longer, and go first.
        public static let tokens = Unit(description: "tokens")
        /// Groups of a job.
        public static let groups = Unit(description: "groups")
        /// Steps of something that is done again and again: iterations of k-means, of a layout.
        public static let steps = Unit(description: "steps")

        private init(description: String) { self.description = description }
    }

    /// What is done.
    public let completed: Int
    /// What there is to do; nil where that is not known.
    public let total: Int?
    /// What is counted.
    public let unit: Unit
    /// What else there is to say, for a person: waits of a service, say. Empty if nothing.
    public let detail: String

    package init(completed: Int, total: Int?, unit: Unit, detail: String = "") {
        self.completed = completed
        self.total = total
        self.unit = unit
        self.detail = detail
    }

    /// The share that is done, from 0 to 1; 1 of nothing, nil where the whole is not known.
    public var fraction: Double? {
        total.map { $0 == 0 ? 1 : min(Double(completed) / Double($0), 1) }
    }
}

/// Tells of progress in order, whichever threads it comes from.
package final class ProgressReporter: Sendable {
    private let tell: @Sendable (RunProgress) -> Void
    private let total: Int?
    private let unit: RunProgress.Unit
    private let completed = Mutex(0)

    /// Nil if nobody wants to know.
    package init?(_ tell: (@Sendable (RunProgress) -> Void)?, total: Int?, unit: RunProgress.Unit) {
        guard let tell else { return nil }
        self.tell = tell
        self.total = total
        self.unit = unit
    }

    /// So much more is done.
    package func advance(by count: Int, detail: String = "") {
        completed.withLock { completed in
            completed += count
            tell(RunProgress(completed: completed, total: total, unit: unit, detail: detail))
        }
    }

    /// So much of the total is done. Less than before is not told.
    ///
    /// - Precondition: there is a total.
    package func advance(toShare share: Double) {
        completed.withLock { completed in
            let now = Int((min(max(share, 0), 1) * Double(total ?? 0)).rounded(.down))
            guard now > completed else { return }
            completed = now
            tell(RunProgress(completed: completed, total: total, unit: unit))
        }
    }
}
