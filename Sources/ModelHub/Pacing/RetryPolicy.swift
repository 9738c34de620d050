// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// What is done about a request that did not succeed; the rules of the official Python client (openai-python,
/// `_base_client.py`), with what bulk work needs.
package struct RetryPolicy: Sendable {
    /// Waits that the server asks for are granted up to here; beyond, the failure is final.
    package static let longestWait = 120.0

    /// What to do next.
    package enum Step: Equatable {
        /// Try again after so many seconds; `isForAll`: nobody else begins before either.
        case retry(after: Double, isForAll: Bool)
        /// The same texts will not pass together; fewer may.
        case split
        /// Nothing can be done.
        case giveUp(HubError.Code)
    }

    /// Seconds before retry number `retry` (from 0) where the server says nothing: half a second, doubled each time up to eight,
    /// shortened by up to a quarter by chance, so that clients that failed together do not come back together.
    package static func backoff(_ retry: Int, chance: Double) -> Double {
        min(0.5 * Double(1 << min(retry, 10)), 8) * (1 - 0.25 * (1 - chance))
    }

    /// The step after an answer with an error status.
    package static func step(
        status: Int,
        message: ServerMessage,
        advice: RetryAdvice,
        retry: Int,
        chance: Double
    ) -> Step {
        if message.isAboutQuota { return .giveUp(.quotaExhausted) }
        let isRefusal = [400, 413, 422].contains(status)
        if status == 413 || isRefusal && (message.isAboutSize || message.isAboutInput) { return .split }
        // Some servers say 500 of a text that they can never embed.
        if status >= 500, message.isAboutHopelessText { return .split }
        let isTransient = [408, 409, 429].contains(status) || status >= 500
        guard advice.shouldRetry ?? isTransient else {
            return .giveUp(status == 401 || status == 403 ? .unauthorized : .requestRefused)
        }
        if let seconds = advice.seconds, seconds > longestWait {
            return .giveUp(status == 429 ? .rateLimited : .unavailable)
        }
        let wait = advice.seconds ?? backoff(retry, chance: chance)
        return .retry(after: wait, isForAll: status == 429 || (status == 503 && advice.seconds != nil))
    }
}
#endif
