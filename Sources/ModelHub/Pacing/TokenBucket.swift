// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// How many requests may begin when: `rate` a second in the long run, `burst` at once after a pause.
///
/// The bucket also learns. A 429 means that the limit is lower than we think, or that somebody else draws on it: everybody
/// waits, what was saved up is lost and the rate is halved; each success raises it again by a fiftieth of the full rate (the
/// additive increase and multiplicative decrease of TCP; Chiu and Jain 1989, doi:10.1016/0169-7552(89)90019-6).
package struct TokenBucket: Sendable {
    /// A longer wait is waited for in parts: durations have an end.
    private static let longestWait = 3600.0

    /// Requests a second when nothing stands against it.
    package let fullRate: Double
    package let burst: Double
    /// Requests a second now.
    package private(set) var rate: Double
    private var tokens: Double
    private var filledAt: Duration
    package private(set) var pausedUntil: Duration

    package init(rate: Double, burst: Int, now: Duration) {
        fullRate = rate
        self.rate = rate
        self.burst = Double(burst)
        tokens = self.burst
        filledAt = now
        pausedUntil = now
    }

    /// Takes a token, or tells how long to wait before the next try.
    package mutating func take(_ now: Duration) -> Duration? {
        if now < pausedUntil { return pausedUntil - now }
        tokens = min(burst, tokens + max(0, (now - filledAt) / .seconds(1)) * rate)
        filledAt = now
        if tokens >= 1 {
            tokens -= 1
            return nil
        }
        // A nanosecond more than the arithmetic says: rounded down, the last step would be tried again and again.
        return .seconds(min((1 - tokens) / rate, Self.longestWait)) + .nanoseconds(1)
    }

    /// Nobody begins for a while, and afterwards slower.
    package mutating func slowDown(_ wait: Duration, _ now: Duration) {
        // Answers to requests that were under way together tell the same news once.
        if now >= pausedUntil { rate = max(rate / 2, fullRate / 16) }
        pause(wait, now)
    }

    /// Nobody begins for a while: the server has said that its own bucket is empty.
    package mutating func pause(_ wait: Duration, _ now: Duration) {
        pausedUntil = max(pausedUntil, now + wait)
        tokens = min(tokens, 1)
        filledAt = max(filledAt, pausedUntil)
    }

    /// A request was answered.
    package mutating func succeed() { rate = min(fullRate, rate + fullRate / 50) }
}
#endif
