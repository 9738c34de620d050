// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Synchronization

/// How far a run is and what it has cost so far.
public struct HubProgress: Sendable, Hashable {
    /// Texts that have their vector, or that the hub refuses.
    public var texts = 0
    /// Those of them whose vector came from the cache, or from an equal text of the same run.
    public var cached = 0
    /// HTTP requests that were sent, repeated ones included.
    public var requests = 0
    /// Requests that were repeated, 429s aside.
    public var retries = 0
    /// Answers that said 429, or 503 with a wait.
    public var rateLimited = 0

    /// Nothing yet.
    public init() {}
}

/// What the tasks of one run share.
final class RunCounters: Sendable {
    private struct State {
        var progress = HubProgress()
        var dimension: Int?
        var textsPerRequest = Int.max
        var isStopping = false
        var lostCacheAccess: Set<CacheAccess> = []
        var isOtherModelTold = false
    }

    /// What is done with the cache.
    enum CacheAccess {
        case reading, writing
    }

    private let state = Mutex(State())
    private let report: (@Sendable (HubProgress) -> Void)?

    init(progress: (@Sendable (HubProgress) -> Void)?) { report = progress }

    var progress: HubProgress { state.withLock { $0.progress } }

    /// Texts in a request that the server is known to take.
    var textsPerRequest: Int { state.withLock { $0.textsPerRequest } }

    func learn(textsPerRequest count: Int) {
        state.withLock { $0.textsPerRequest = min($0.textsPerRequest, max(1, count)) }
    }

    func add(texts: Int = 0, cached: Int = 0, requests: Int = 0, retries: Int = 0, rateLimited: Int = 0) {
        let now = state.withLock { state in
            state.progress.texts += texts
            state.progress.cached += cached
            state.progress.requests += requests
            state.progress.retries += retries
            state.progress.rateLimited += rateLimited
            return state.progress
        }
        report?(now)
    }

    /// No further request is begun; those under way are answered, kept and counted.
    func stop() { state.withLock { $0.isStopping = true } }

    /// Whether the cache could not be used in this way; it is then left alone.
    func hasLost(_ access: CacheAccess) -> Bool { state.withLock { $0.lostCacheAccess.contains(access) } }

    /// The cache cannot be used in this way for the rest of the run. Returns whether this is news.
    func lose(_ access: CacheAccess) -> Bool { state.withLock { $0.lostCacheAccess.insert(access).inserted } }

    /// Returns whether this is the first time.
    func tellOfOtherModel() -> Bool {
        state.withLock { state in
            defer { state.isOtherModelTold = true }
            return !state.isOtherModelTold
        }
    }

    func checkGoingOn() throws {
        if state.withLock({ $0.isStopping }) { throw CancellationError() }
    }

    /// Holds the vectors of a run to one dimension; returns the other one if there are two.
    func settle(dimension: Int) -> Int? {
        state.withLock { state in
            guard let settled = state.dimension else {
                state.dimension = dimension
                return nil
            }
            return settled == dimension ? nil : settled
        }
    }
}
#endif
