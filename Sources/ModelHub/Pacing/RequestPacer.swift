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
        let rate = configuration.requestsPerSecond ?? 1e9
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

    /// A request was answered as it should be.
    package func succeed() { bucket.withLock { $0.succeed() } }
}

/// A counting semaphore for tasks; first come, first served.
///
/// Waiting is not cancelled: whoever is inside is cancelled too and leaves soon.
private actor Gate {
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            places += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
#endif
