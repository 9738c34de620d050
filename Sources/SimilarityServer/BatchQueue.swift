// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import SimilarityKernels
internal import Synchronization

/// Requests that arrive together are worked on together: one thread takes what waits, in rounds.
///
/// Nobody waits for a round to fill: what comes while one is worked on is the next one. A round takes a share of each request in turn, so
/// that a large one does not keep small ones waiting until it is done.
package final class BatchQueue<Item: Sendable, Output: Sendable>: Sendable {
    /// What a request wants.
    private final class Request: Sendable {
        let items: [Item]
        let isDone = DispatchSemaphore(value: 0)
        let state: Mutex<State>

        struct State {
            /// Items that a round has taken.
            var taken = 0
            var outputs: [Output] = []
            var fault: (any Error)?
            var isAbandoned = false
        }

        init(_ items: [Item]) {
            self.items = items
            state = Mutex(State())
        }
    }

    private struct Waiting {
        var requests: [Request] = []
        var itemCount = 0
        var isEnded = false
    }

    /// Items that may wait.
    private let limit: Int
    /// Items of a round, and of one request in a round.
    private let roundLimit: Int
    private let share: Int
    private let work: @Sendable ([Item]) throws -> [Output]
    private let waiting = Mutex(Waiting())
    private let arrivals = DispatchSemaphore(value: 0)

    /// - Parameter work: Gives an output for each item, in their order; called by one thread.
    package init(
        limit: Int,
        roundLimit: Int,
        share: Int,
        work: @escaping @Sendable ([Item]) throws -> [Output]
    ) {
        self.limit = limit
        self.roundLimit = roundLimit
        self.share = share
        self.work = work
        // Without a thread nothing is ever taken.
        let hasThread = runDetached { [self] in while doRound() {} }
        if !hasThread { waiting.withLock { $0.isEnded = true } }
    }

    /// Items that wait now, or are worked on.
    package var itemCount: Int { waiting.withLock { $0.itemCount } }

    /// The outputs of some items; waits for them on the caller's thread.
    ///
    /// - Throws: ``ServiceError`` if too much waits already or the time is over, and what `work` throws.
    package func outputs(of items: [Item], within time: Duration) throws -> [Output] {
        if items.isEmpty { return [] }
        let request = Request(items)
        try waiting.withLock { waiting in
            guard !waiting.isEnded else { throw ServiceError.stopping }
            // One that is larger than what may wait is taken when nothing else does.
            guard waiting.itemCount == 0 || waiting.itemCount + items.count <= limit else { throw ServiceError.busy }
            waiting.requests.append(request)
            waiting.itemCount += items.count
        }
        arrivals.signal()
        let (seconds, attoseconds) = time.components
        let deadline = DispatchTime.now() + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
        if request.isDone.wait(timeout: deadline) == .timedOut {
            let left = request.state.withLock { state in
                state.isAbandoned = true
                return items.count - state.taken
            }
            waiting.withLock { waiting in
                if let place = waiting.requests.firstIndex(where: { $0 === request }) {
                    waiting.requests.remove(at: place)
                    waiting.itemCount -= left
                }
            }
            throw ServiceError.late(time)
        }
        return try request.state.withLock { state in
            if let fault = state.fault { throw fault }
            return state.outputs
        }
    }

    /// Ends the thread after the round that is under way. What waits is given up, and further requests are refused.
    package func stop() {
        let left = waiting.withLock { waiting in
            waiting.isEnded = true
            defer { waiting.requests = [] }
            for request in waiting.requests {
                waiting.itemCount -= request.state.withLock { request.items.count - $0.taken }
            }
            return waiting.requests
        }
        for request in left {
            let isNews = request.state.withLock { state in
                defer { state.fault = state.fault ?? ServiceError.stopping }
                return state.fault == nil
            }
            if isNews { request.isDone.signal() }
        }
        arrivals.signal()
    }

    /// Works on what waits, or waits until something does; false when there is nothing to come.
    private func doRound() -> Bool {
        var round: [(request: Request, count: Int)] = []
        let isEnded = waiting.withLock { waiting in
            var room = roundLimit
            var left: [Request] = []
            for request in waiting.requests {
                let taken = request.state.withLock { state in
                    let count = min(room, share, request.items.count - state.taken)
                    return (first: state.taken, count: count, isAbandoned: state.isAbandoned)
                }
                if taken.isAbandoned {
                    waiting.itemCount -= request.items.count - taken.first
                    continue
                }
                if taken.count > 0 {
                    request.state.withLock { $0.taken += taken.count }
                    round.append((request, taken.count))
                    room -= taken.count
                }
                if taken.first + taken.count < request.items.count { left.append(request) }
            }
            // Those that got something go behind those that did not.
            let served = Set(round.map { ObjectIdentifier($0.request) })
            waiting.requests =
                left.filter { !served.contains(ObjectIdentifier($0)) }
                + left.filter { served.contains(ObjectIdentifier($0)) }
            return waiting.isEnded && waiting.requests.isEmpty
        }
        if round.isEmpty {
            if isEnded { return false }
            arrivals.wait()
            return true
        }
        let items = round.flatMap { part in
            let first = part.request.state.withLock { $0.taken } - part.count
            return part.request.items[first..<first + part.count]
        }
        let result = Result { try work(items) }
        var place = 0
        var finished: [Request] = []
        for part in round {
            let isFinished = part.request.state.withLock { state in
                // It may have been given up meanwhile.
                if state.fault != nil { return false }
                switch result {
                case .success(let outputs): state.outputs += outputs[place..<place + part.count]
                case .failure(let fault): state.fault = fault
                }
                return state.outputs.count == part.request.items.count || state.fault != nil
            }
            place += part.count
            if isFinished { finished.append(part.request) }
        }
        waiting.withLock { waiting in
            waiting.itemCount -= items.count
            // Of a request that has failed nothing more is wanted.
            var left: [Request] = []
            for request in waiting.requests {
                let lost = request.state.withLock { $0.fault == nil ? 0 : request.items.count - $0.taken }
                waiting.itemCount -= lost
                if lost == 0 { left.append(request) }
            }
            waiting.requests = left
        }
        // Whoever goes on finds what is true: nothing of it waits.
        for request in finished { request.isDone.signal() }
        return true
    }
}
