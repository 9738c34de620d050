// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

/// How an operation is carried out. None of it changes the result of a search or a join.
public struct RunOptions: Sendable {
    /// The filter in front of the verdict.
    public var engine: Engine = .auto
    /// How many threads may be used.
    public var workers: Workers = .available
    /// What happens to rows with a NaN, an infinity or a norm above 1e19.
    public var invalidRows: InvalidRows = .reject
    /// Stops the operation between tiles. The cancellation of the calling task does the same.
    public var cancellation: CancellationFlag?
    /// Called now and then, from any worker but from one at a time, with growing numbers. The worker waits for it.
    public var progress: (@Sendable (RunProgress) -> Void)?
    /// Bytes that codes may take: a search whose codes would take more is done in slices of the corpus, one after the other, and a join with
    /// shorter codes or none. Inputs and the result are not counted. Nil for no limit.
    public var memoryLimit: Int?
    /// Called with what has been planned, before the work begins; of an operation that is made of some, once for each.
    public var plan: (@Sendable (RunPlan) -> Void)?
    /// See the `limit` of ``VectorMatrix/selfJoin(threshold:metric:limit:options:)``.
    package var pairLimit: Int?
    /// Kernels other than those of the process, for tests.
    package var level = KernelLevel.current
    /// What plans take for the speed of the kernels instead of measuring it, for tests.
    package var speed: KernelSpeed?
    /// Tile sizes other than the planned ones, for tests and measurements.
    package var tilePlan: TilePlan?

    /// The fastest engine, all processors, invalid rows refused.
    public init(
        engine: Engine = .auto,
        workers: Workers = .available,
        invalidRows: InvalidRows = .reject,
        memoryLimit: Int? = nil,
        cancellation: CancellationFlag? = nil,
        progress: (@Sendable (RunProgress) -> Void)? = nil,
        plan: (@Sendable (RunPlan) -> Void)? = nil
    ) {
        self.engine = engine
        self.workers = workers
        self.invalidRows = invalidRows
        self.memoryLimit = memoryLimit
        self.cancellation = cancellation
        self.progress = progress
        self.plan = plan
    }

    /// The same without anybody who is told of anything: for a step of an operation.
    package var quiet: RunOptions {
        var options = self
        (options.progress, options.plan) = (nil, nil)
        return options
    }

    /// The same with a limit of pairs.
    func limited(toPairs limit: Int?) -> RunOptions {
        guard let limit else { return self }
        var options = self
        options.pairLimit = min(limit, pairLimit ?? limit)
        return options
    }

    /// Throws if the operation is to stop. Only the caller's own thread sees whether its task is cancelled; on any other
    /// thread there is no task.
    package func checkCancellation() throws(CancellationError) {
        try cancellation?.check()
        if Task.isCancelled { throw CancellationError() }
    }

    /// What happens to invalid rows.
    public enum InvalidRows: Sendable {
        /// The operation throws ``SimilarityError`` and says which rows they are.
        case reject
        /// They take no part: they are nobody's neighbors and have none. Row numbers still count them. A similarity
        /// matrix has a place for every pair, so it rejects them all the same.
        case skip
    }
}

/// What an operation did, so that a filter that lets everything through is seen.
public struct RunCounters: Sendable, Equatable {
    /// Pairs that had to be decided.
    public internal(set) var pairs = 0
    /// Pairs that the filter dropped by its bound.
    public internal(set) var filtered = 0
    /// Pairs that got a verdict. The rest were excluded: zero or skipped rows, or the query itself.
    public internal(set) var verdicts = 0
    /// The engine that ran.
    public internal(set) var engine: Engine

    package init(engine: Engine) { self.engine = engine }

    mutating func add(_ other: RunCounters) {
        pairs += other.pairs
        filtered += other.filtered
        verdicts += other.verdicts
    }
}
