// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Similarity
internal import Synchronization

/// What a run has cost so far.
public struct HubUsage: Sendable, Hashable, CustomStringConvertible {
    /// Texts that have their vector, or that the hub refuses.
    public internal(set) var texts = 0
    /// Those of them whose vector came from the cache, or from an equal text of the same run.
    public internal(set) var cached = 0
    /// HTTP requests that were sent, repeated ones included.
    public internal(set) var requests = 0
    /// Requests that were repeated, 429s aside.
    public internal(set) var retries = 0
    /// Answers that said 429, or 503 with a wait.
    public internal(set) var rateLimited = 0

    /// Nothing yet.
    public init() {}

    /// `12 from cache, 40 requests, 2 repeated, 1 too fast (429)`: what is not nothing.
    public var description: String {
        [
            (cached, "from cache"), (requests, requests == 1 ? "request" : "requests"), (retries, "repeated"),
            (rateLimited, "too fast (429)"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}

/// What the tasks of one run share.
final class RunCounters: Sendable {
    private struct State {
        var usage = HubUsage()
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
    private let progress: ProgressReporter?

    /// - Parameter total: Texts of the run, if that is known.
    init(progress: (@Sendable (RunProgress) -> Void)?, total: Int? = nil) {
        self.progress = ProgressReporter(progress, total: total, unit: .texts)
    }

    var usage: HubUsage { state.withLock { $0.usage } }

    /// Texts in a request that the server is known to take.
    var textsPerRequest: Int { state.withLock { $0.textsPerRequest } }

    func learn(textsPerRequest count: Int) {
        state.withLock { $0.textsPerRequest = min($0.textsPerRequest, max(1, count)) }
    }

    func add(texts: Int = 0, cached: Int = 0, requests: Int = 0, retries: Int = 0, rateLimited: Int = 0) {
        let now = state.withLock { state in
            state.usage.texts += texts
            state.usage.cached += cached
            state.usage.requests += requests
            state.usage.retries += retries
            state.usage.rateLimited += rateLimited
            return state.usage
        }
        progress?.advance(by: texts, detail: now.description)
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
