// SPDX-License-Identifier: Apache-2.0

// When requests begin, on a clock that never waits: the token bucket, the pacer that all tasks share, what headers advise, and
// which failures are tried again. The table of delays is that of the official Python client.

#if ModelHub
import ModelHub
import Testing

@Suite struct PacingTests {
    @Test func `a burst, then the rate`() {
        var bucket = TokenBucket(rate: 5, burst: 10, now: .zero)
        for _ in 0..<10 { #expect(bucket.take(.zero) == nil) }
        #expect(bucket.take(.zero).map { abs($0 / .milliseconds(200) - 1) < 1e-6 } == true)
        #expect(bucket.take(.milliseconds(199)) != nil)
        #expect(bucket.take(.milliseconds(201)) == nil)
        #expect(bucket.take(.milliseconds(201)) != nil)
        // An hour saves up no more than the burst.
        for _ in 0..<10 { #expect(bucket.take(.seconds(3600)) == nil) }
        #expect(bucket.take(.seconds(3600)) != nil)
    }

    @Test func `a 429 stops everybody, halves the rate once, and success brings it back`() {
        var bucket = TokenBucket(rate: 8, burst: 10, now: .zero)
        bucket.slowDown(.seconds(2), .zero)
        bucket.slowDown(.seconds(1), .milliseconds(10))
        #expect(bucket.rate == 4 && bucket.pausedUntil == .seconds(2))
        #expect(bucket.take(.milliseconds(500)) == .milliseconds(1500))
        #expect(bucket.take(.seconds(2)) == nil)
        #expect(bucket.take(.seconds(2)) != nil, "what was saved up is lost")
        for _ in 0..<10 { bucket.slowDown(.zero, .seconds(100)) }
        #expect(bucket.rate == 0.5)
        for _ in 0..<60 { bucket.succeed() }
        #expect(bucket.rate == 8)
    }

    @Test func `a thousand requests take the time that the rate says`() async throws {
        let clock = VirtualClock()
        let pacer = RequestPacer(HubConfiguration(), clock: clock.clock)
        for _ in 0..<1000 { try await pacer.whenFree {} }
        let seconds = clock.now / .seconds(1)
        #expect((198.0...198.1).contains(seconds), "\(seconds) s; (1000 - 10) / 5 = 198")
        pacer.slowDown(.seconds(7))
        try await pacer.whenFree {}
        #expect(clock.now / .seconds(1) - seconds >= 7)
    }

    @Test func `without a limit nothing waits, but for a pause`() async throws {
        let clock = VirtualClock()
        var configuration = HubConfiguration()
        configuration.requestsPerSecond = nil
        let pacer = RequestPacer(configuration, clock: clock.clock)
        for _ in 0..<5000 { try await pacer.whenFree {} }
        #expect(clock.now == .zero)
        pacer.pause(.seconds(3))
        try await pacer.whenFree {}
        #expect(clock.now >= .seconds(3))
    }

    @Test func `a slow server gets fewer requests at once, down to one, and more when it is quick again`() async {
        let clock = VirtualClock()
        var configuration = HubConfiguration()
        configuration.requestsInFlight = 8
        let pacer = RequestPacer(configuration, clock: clock.clock)
        func learn(seconds: Double) async -> Int {
            let begun = clock.now
            clock.advance(.seconds(seconds))
            await pacer.learn(begun: begun, secondsGiven: 60)
            return await pacer.placeCount
        }
        #expect(await learn(seconds: 29) == 8)
        #expect(await learn(seconds: 31) == 4)
        // It began before that was learnt.
        await pacer.learn(begun: clock.now - .seconds(40), secondsGiven: 60)
        #expect(await pacer.placeCount == 4)
        #expect(await learn(seconds: 60) == 2)
        #expect(await learn(seconds: 31) == 1)
        #expect(await learn(seconds: 31) == 1)
        #expect(await learn(seconds: 16) == 1, "neither slow nor quick")
        #expect(await learn(seconds: 1) == 2)
        for _ in 0..<40 { _ = await learn(seconds: 1) }
        #expect(await pacer.placeCount == 8)
    }

    @Test func `a rate of next to nothing waits, and does not leave the range of durations`() {
        var bucket = TokenBucket(rate: .leastNonzeroMagnitude, burst: 1, now: .zero)
        #expect(bucket.take(.zero) == nil)
        #expect(bucket.take(.zero).map { $0 > .seconds(3599) } == true)
    }

    private func advice(_ headers: [String: String], now: Double = 1_696_004_797) -> RetryAdvice {
        RetryAdvice(wallSeconds: now) { headers[$0] }
    }

    @Test(arguments: [
        ("20", 20.0), ("60", 60), ("120", 120), ("121", 121), ("0.5", 0.5), (" 3 ", 3),
        ("Fri, 29 Sep 2023 16:26:57 GMT", 20),
    ])
    func `Retry-After is seconds, fractions or a date`(text: String, seconds: Double) {
        #expect(advice(["retry-after": text]).seconds == seconds)
    }

    @Test(arguments: [
        "0", "-10", "inf", "nan", "", "Zun, 29 Sep 2023 16:26:27 GMT", "Fri, 29 Sep 2023 16:26:37 GMT",
        "Fri, 29 Sep 2023 16:26:27 GMT", "Fri, 32 Sep 2023 16:26:57 GMT", "soon",
    ])
    func `what makes no sense as Retry-After is not there`(text: String) {
        #expect(advice(["retry-after": text]).seconds == nil)
    }

    @Test func `a date is compared with the clock of the server, not with ours`() {
        let skewed = ["retry-after": "Fri, 29 Sep 2023 18:00:30 GMT", "date": "Fri, 29 Sep 2023 18:00:00 GMT"]
        #expect(advice(skewed).seconds == 30)
        #expect(advice(skewed, now: 0).seconds == 30)
    }

    @Test func `milliseconds come first, and other headers are hints`() {
        #expect(advice(["retry-after-ms": "250", "retry-after": "9"]).seconds == 0.25)
        #expect(advice(["x-should-retry": "false"]).shouldRetry == false)
        let empty = ["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"]
        #expect(advice(empty).pause == 1)
        #expect(advice(["x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1s"]).pause == nil)
        let durations = ["20ms": 0.02, "6m0s": 60, "1.5s": 1.5, "7": 7, "x": nil, "5parsec": nil, "1696004799": 2]
        for (text, seconds) in durations {
            #expect(RetryAdvice.duration(text, wallSeconds: 1_696_004_797) == seconds, "\(text)")
        }
    }

    @Test func `days of dates are those of the calendar`() {
        #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.seconds("Tue, 29 Feb 2000 12:00:00 GMT") == 951_825_600)
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds("Wed, 31 Dec 2098 23:59:59 GMT") == 4_070_908_799)
    }

    @Test func `waits double up to eight seconds and are shortened by up to a quarter`() {
        #expect([0, 1, 2, 3, 4, 5, 60].map { RetryPolicy.backoff($0, chance: 1) } == [0.5, 1, 2, 4, 8, 8, 8])
        #expect(RetryPolicy.backoff(0, chance: 0) == 0.375)
    }

    private func step(_ status: Int, _ body: String = "", _ headers: [String: String] = [:]) -> RetryPolicy.Step {
        RetryPolicy.step(
            status: status,
            message: ServerMessage(Array(body.utf8)) { $0 },
            advice: advice(headers),
            retry: 0,
            chance: 1
        )
    }

    @Test func `what is tried again, what is split and what is final`() {
        for status in [408, 409, 500, 502, 503, 504] { #expect(step(status) == .retry(after: 0.5, isForAll: false)) }
        #expect(step(429) == .retry(after: 0.5, isForAll: true))
        #expect(step(429, "", ["retry-after": "3"]) == .retry(after: 3, isForAll: true))
        #expect(step(429, "", ["retry-after": "121"]) == .giveUp(.rateLimited))
        #expect(step(503, "", ["retry-after": "300"]) == .giveUp(.unavailable))
        #expect(step(429, #"{"error":{"message":"quota","code":"insufficient_quota"}}"#) == .giveUp(.quotaExhausted))
        #expect(step(503, "", ["x-should-retry": "false"]) == .giveUp(.requestRefused))
        #expect(step(401) == .giveUp(.unauthorized) && step(403) == .giveUp(.unauthorized))
        for status in [400, 404, 422] { #expect(step(status) == .giveUp(.requestRefused)) }
        #expect(step(413) == .split)
        for text in [
            "This model's maximum context length is 512 tokens. However, you requested 1451 tokens",
            "batch size 96 > maximum allowed batch size 32", "Requested 453357 tokens, max 300000 tokens per request",
            "'$.input' is invalid.",
        ] { #expect(step(400, #"{"error":{"message":"\#(text)"}}"#) == .split, "\(text)") }
        #expect(step(422, #"{"message":"batch size 96 > maximum allowed batch size 32","code":422}"#) == .split)
        #expect(step(504, "the upstream took too long") == .retry(after: 0.5, isForAll: false))
        #expect(step(500, #"{"error":{"message":"input (992 tokens) is too large to process"}}"#) == .split)
        #expect(
            step(400, #"{"error":{"message":"does not support matryoshka representation"}}"#)
                == .giveUp(.requestRefused)
        )
    }
}
#endif
