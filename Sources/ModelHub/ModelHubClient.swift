// SPDX-License-Identifier: Apache-2.0

#if ModelHub
public import Logging
internal import HubLibraries

/// A client of the IONOS AI Model Hub, and of every service that speaks the OpenAI embeddings protocol.
///
/// ```swift
/// var configuration = HubConfiguration()
/// configuration.token = HubToken(tokenText)
/// let hub = try ModelHubClient(configuration, cache: EmbeddingCache(path: "embeddings.sqlite"))
/// let found = try await hub.embed(["Michael Jackson", "best-selling music artists"], model: "BAAI/bge-m3")
/// print(found.vectors.rowCount, found.vectors.dimension)
/// ```
///
/// It splits texts into requests, paces and repeats them, holds every answer to what was asked, and pays for a text once: see
/// ``embed(_:model:dimensions:refusals:progress:)`` and ``embeddings(of:model:dimensions:refusals:progress:)``. One client is
/// for all tasks of a process: the limit of requests is kept by the client, not by a call. It has no state that must be closed.
public final class ModelHubClient: Sendable {
    let configuration: HubConfiguration
    let endpoint: HubEndpoint
    let cache: EmbeddingCache?
    let logger: Logger
    let pacer: RequestPacer
    private let clock: HubClock
    private let transport: HTTPTransport

    /// A client; no request is sent yet.
    ///
    /// - Parameters:
    ///   - configuration: Where the hub is and how it is treated.
    ///   - cache: Where vectors that were paid for are kept; nil keeps none.
    ///   - logger: Told of retries and pauses; neither texts nor the token are logged.
    /// - Throws: ``HubError`` of the kind `invalidConfiguration`, `wrongAddress`, `unencrypted` or `missingLibrary`.
    public convenience init(
        _ configuration: HubConfiguration = HubConfiguration(),
        cache: EmbeddingCache? = nil,
        logger: Logger = Logger(label: "simile.hub", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws {
        try self.init(configuration, cache: cache, logger: logger, clock: .system)
    }

    package init(_ configuration: HubConfiguration, cache: EmbeddingCache?, logger: Logger, clock: HubClock) throws {
        try configuration.requireValid()
        self.configuration = configuration
        endpoint = try configuration.endpoint()
        self.cache = cache
        self.logger = logger
        self.clock = clock
        pacer = RequestPacer(configuration, clock: clock)
        transport = try HTTPTransport(configuration, endpoint: endpoint)
        cache?.whenWaiting { [path = cache?.path ?? ""] in
            logger.warning("another process holds the cache \(path); waiting for it")
        }
    }

    /// The models of the service, those of the catalogue first, then by id.
    ///
    /// - Throws: ``HubError``, or `CancellationError`.
    public func models() async throws -> [HubModel] {
        let call = HubCall(address: endpoint.models, body: nil, byteLimit: 16 << 20, model: nil, rows: [])
        let outcome = try await exchange(call, counters: RunCounters(progress: nil)) {
            (response) throws(EmbeddingAnswer.Fault) in
            guard let models = HubModel.list(response.body) else {
                throw .init(message: "expected a list of models", isError: true)
            }
            return models
        }
        switch outcome {
        case .answer(let models): return models
        case .split(let error): throw error
        }
    }

    /// What came of a call.
    enum Outcome<Value: Sendable>: Sendable {
        case answer(Value)
        /// The texts do not pass together; a single one does not pass at all, for this reason.
        case split(HubError)
    }

    /// Sends a call until it is answered, or until there is no point in trying again.
    func exchange<Value: Sendable>(
        _ call: HubCall,
        counters: RunCounters,
        decode: (HTTPAnswer) throws(EmbeddingAnswer.Fault) -> Value
    ) async throws -> Outcome<Value> {
        var retry = 0
        var wasMalformed = false
        while true {
            try counters.checkGoingOn()
            guard let result = try await send(call, counters, retry: retry) else {
                return .split(describe(.textsRefused, "too many", call))
            }
            var failure: HubError
            var step: RetryPolicy.Step
            switch result {
            case .failure(let reason):
                failure = describe(.unavailable, reason.message, call)
                step =
                    reason.isFinal
                    ? .giveUp(.unavailable)
                    : .retry(after: RetryPolicy.backoff(retry, chance: clock.chance()), isForAll: false)
            case .success(let answer):
                let advice = RetryAdvice(wallSeconds: clock.wallSeconds()) { answer.header($0) }
                if let pause = advice.pause { pacer.pause(.seconds(pause)) }
                if (200..<300).contains(answer.status) {
                    do {
                        let value = try decode(answer)
                        pacer.succeed()
                        return .answer(value)
                    } catch {
                        // Once more: a gateway may have cut it. Twice the same is no accident.
                        failure = describe(.malformedAnswer, malformed(error, answer), call, answer, error.index)
                        step =
                            wasMalformed || error.isFinal
                            ? .giveUp(.malformedAnswer) : .retry(after: 0, isForAll: false)
                        wasMalformed = true
                    }
                } else {
                    let message = ServerMessage(answer.body, withoutToken: withoutToken)
                    step = RetryPolicy.step(
                        status: answer.status,
                        message: message,
                        advice: advice,
                        retry: retry,
                        chance: clock.chance()
                    )
                    if message.isAboutCount, call.rows.count > 1 {
                        counters.learn(textsPerRequest: call.rows.count / 2)
                    }
                    failure = describe(step.code(answer.status), refusal(message, answer, advice), call, answer)
                }
            }
            switch step {
            case .split: return .split(describe(.textsRefused, failure.message, call, result))
            case .giveUp: throw failure
            case .retry(let seconds, let isForAll):
                retry += 1
                guard retry < max(1, configuration.attempts) else { throw failure }
                logger.info("\(failure); again in \(seconds) s", metadata: ["attempt": "\(retry + 1)"])
                if isForAll {
                    // Everybody waits already, this one with them.
                    counters.add(rateLimited: 1)
                } else {
                    counters.add(retries: 1)
                    try await pause(seconds, counters)
                }
            }
        }
    }

    /// Waits, and no longer than a second once the run has failed elsewhere.
    private func pause(_ seconds: Double, _ counters: RunCounters) async throws {
        var left = seconds
        while left > 0 {
            try await clock.sleep(.seconds(min(left, 1)))
            left -= 1
            try counters.checkGoingOn()
        }
    }

    /// Sends a call when it may begin; nil if it has been found out meanwhile that it holds more texts than the server takes.
    private func send(
        _ call: HubCall,
        _ counters: RunCounters,
        retry: Int
    ) async throws -> Result<HTTPAnswer, HTTPTransport.Failure>? {
        try await pacer.whenFree(check: counters.checkGoingOn) {
            if call.rows.count > counters.textsPerRequest { return nil }
            counters.add(requests: 1)
            let begun = clock.now()
            do {
                let answer = try await transport.send(call.body, to: call.address, byteLimit: call.byteLimit)
                await pacer.learn(begun: begun, secondsGiven: configuration.secondsPerAttempt)
                // Before the place is given up: nobody who waits for it may begin.
                let advice = RetryAdvice(wallSeconds: clock.wallSeconds()) { answer.header($0) }
                if answer.status == 429 || answer.status == 503 && advice.seconds != nil {
                    let wait = advice.seconds ?? RetryPolicy.backoff(retry, chance: clock.chance())
                    pacer.slowDown(.seconds(min(wait, RetryPolicy.longestWait)))
                }
                return .success(answer)
            } catch let failure as HTTPTransport.Failure {
                if failure.isTimeout { await pacer.learn(begun: begun, secondsGiven: configuration.secondsPerAttempt) }
                return .failure(failure)
            }
        }
    }
}

/// A logical request, however often it is sent.
struct HubCall: Sendable {
    let address: String
    /// The JSON of a POST; nil for a GET.
    let body: [UInt8]?
    /// A longer answer is a fault.
    let byteLimit: Int
    let model: String?
    /// Rows of the texts in it.
    let rows: [Int]
}

/// Descriptions of what went wrong.
extension ModelHubClient {
    /// An error about a call, with nothing of the token in it.
    func describe(
        _ code: HubError.Code,
        _ message: String,
        _ call: HubCall,
        _ answer: HTTPAnswer? = nil,
        _ index: Int? = nil
    ) -> HubError {
        var error = HubError(code, withoutToken(message), status: answer?.status)
        error.requestID = (answer?.header("x-request-id") ?? answer?.header("request-id"))
            .map { String(ServerMessage.excerpt(withoutToken($0)).prefix(80)) }
        error.model = call.model
        if let index, call.rows.indices.contains(index) {
            error.rows = [call.rows[index]]
        } else if code == .textsRefused || code == .malformedAnswer {
            error.rows = call.rows
        }
        return error
    }

    private func describe(
        _ code: HubError.Code,
        _ message: String,
        _ call: HubCall,
        _ result: Result<HTTPAnswer, HTTPTransport.Failure>
    ) -> HubError {
        describe(code, message, call, try? result.get())
    }

    private func withoutToken(_ text: String) -> String { configuration.token?.removed(from: text) ?? text }

    /// What is wrong with an answer of status 200; some gateways put an error into one.
    private func malformed(_ fault: EmbeddingAnswer.Fault, _ answer: HTTPAnswer) -> String {
        guard fault.isError || answer.body.isEmpty else { return fault.message }
        let text = ServerMessage(answer.body, withoutToken: withoutToken).text
        return text.isEmpty ? "\(fault.message): the body is empty" : "\(fault.message): \(text)"
    }

    private func refusal(_ message: ServerMessage, _ answer: HTTPAnswer, _ advice: RetryAdvice) -> String {
        let text = message.text.isEmpty ? "no message" : message.text
        switch answer.status {
        case 401, 403: return "the token is not accepted: \(text)"
        case 404: return "not found, perhaps no such model: \(text)"
        default:
            let wait = advice.seconds.map { $0 > RetryPolicy.longestWait ? "; it asks to wait \($0) s" : "" } ?? ""
            return "the server says: \(text)\(wait)"
        }
    }
}

extension RetryPolicy.Step {
    /// What kind of failure it is if this is the last step.
    fileprivate func code(_ status: Int) -> HubError.Code {
        switch self {
        case .giveUp(let code): code
        case .split: .textsRefused
        case .retry: status == 429 ? .rateLimited : .unavailable
        }
    }
}
#endif
