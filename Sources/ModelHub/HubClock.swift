// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials

/// What the client takes from the world of time and chance, so that tests can put their own in its place.
package struct HubClock: Sendable {
    /// Time that only goes forward.
    package var now: @Sendable () -> Duration
    /// Waits; throws `CancellationError` at once when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Seconds since 1970, for the dates in headers.
    package var wallSeconds: @Sendable () -> Double
    /// A number from (0, 1].
    package var chance: @Sendable () -> Double

    /// A clock of such parts.
    package init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        wallSeconds: @escaping @Sendable () -> Double,
        chance: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.wallSeconds = wallSeconds
        self.chance = chance
    }

    /// The machine's own.
    package static let system: HubClock = {
        let start = ContinuousClock.now
        return HubClock(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0) },
            wallSeconds: { Date().timeIntervalSince1970 },
            chance: { 1 - Double.random(in: 0..<1) }
        )
    }()
}
#endif
