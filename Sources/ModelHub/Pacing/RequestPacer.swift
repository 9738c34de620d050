// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Synchronization

/// Lets requests begin: all of a client's tasks pass here, so that one 429 slows all of them.
package final class RequestPacer: Sendable {
    private let clock: HubClock
    private let gate: Gate
    private let bucket: Mutex<TokenBucket>

    package init(_ configuration: HubConfiguration, clock: HubClock) {
        self.clock = clock
        gate = Gate(places: max(1, configuration.requestsInFlight))
        // Without a limit the bucket is so large that it is never empty, but pauses still hold.
        let rate = max(configuration.requestsPerSecond ?? 1e9, 1e-9)
        let burst = configuration.requestsPerSecond == nil ? 1_000_000 : max(1, configuration.burst)
        bucket = Mutex(TokenBucket(rate: rate, burst: burst, now: clock.now()))
    }

    /// Runs `body`, which is one request, when it may begin.
    ///
    /// - Parameter check: Called while it waits, at least once a second; throws if there is no point in it any more.
    /// - Throws: `CancellationError`, or what `check` or `body` throws.
    package func whenFree<T: Sendable>(
        check: () throws -> Void = {},
        _ body: () async throws -> T
    ) async throws -> T {
        await gate.enter()
        do {
            try Task.checkCancellation()
            try check()
            while let wait = bucket.withLock({ $0.take(clock.now()) }) {
                try await clock.sleep(min(wait, .seconds(1)))
                try check()
            }
            let result = try await body()
            await gate.leave()
            return result
        } catch {
            await gate.leave()
            throw error
        }
    }

    /// A 429: nobody begins for a while.
    package func slowDown(_ wait: Duration) { bucket.withLock { $0.slowDown(wait, clock.now()) } }

    /// A hint that nothing is left for a while.
    package func pause(_ wait: Duration) { bucket.withLock { $0.pause(wait, clock.now()) } }

    /// Tells how long an answer took, or that it did not come in time. A server that answers one request after the other makes the last of many
    /// wait for all others: where waiting takes more than half of the time that an answer has, fewer are sent at once, and where it
    /// takes less than a quarter, more again.
    package func learn(begun: Duration, secondsGiven: Double) async {
        let now = clock.now()
        let share = (now - begun) / .seconds(1) / secondsGiven
        if share > 0.5 {
            await gate.narrow(begun: begun, now: now)
        } else if share < 0.25 {
            await gate.widen()
        }
    }

    /// Requests that may be under way at once as things are.
    package var placeCount: Int { get async { await gate.openCount } }

    /// A request was answered as it should be.
    package func succeed() { bucket.withLock { $0.succeed() } }
}

/// A counting semaphore for tasks; first come, first served. How many are let in can change.
///
/// Waiting is not cancelled: whoever is inside is cancelled too and leaves soon.
private actor Gate {
    private let places: Int
    /// Places that are open now, 1 to `places`.
    private var open: Double
    private var inside = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var narrowedAt = Duration.zero

    init(places: Int) {
        self.places = places
        open = Double(places)
    }

    var openCount: Int { Int(open) }

    func enter() async {
        if inside < openCount {
            inside += 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        inside -= 1
        while !waiting.isEmpty, inside < openCount {
            inside += 1
            waiting.removeFirst().resume()
        }
    }

    /// Half the places, if the request that says so began after the last time: those that were under way together tell one thing.
    func narrow(begun: Duration, now: Duration) {
        guard begun >= narrowedAt else { return }
        open = max(1, (open / 2).rounded(.down))
        narrowedAt = now
    }

    /// One more place for as many quick answers as there are places.
    func widen() { open = min(Double(places), open + 1 / open) }
}
#endif
