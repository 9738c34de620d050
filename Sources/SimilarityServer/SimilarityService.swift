// SPDX-License-Identifier: Apache-2.0

package import HTTPServing
internal import Similarity
internal import StrictJSON
internal import Synchronization
internal import System
internal import TextEncoder

/// What `simile serve` answers: the embeddings of OpenAI, and the nearest rows of loaded corpora.
///
/// | | |
/// |---|---|
/// | `POST /v1/embeddings` | vectors of texts |
/// | `GET /v1/models`, `GET /v1/models/NAME` | the models |
/// | `POST /v1/similarity` | the nearest rows of a corpus |
/// | `GET /v1/corpora` | the corpora |
/// | `GET /health` | whether requests are taken |
/// | `GET /metrics` | counts and times for Prometheus |
package final class SimilarityService: HTTPResponder {
    /// What a request may hold, and how long it may take.
    package struct Limits: Sendable {
        /// Texts or vectors of a request.
        package var inputs = 2048
        /// Neighbors of a query.
        package var neighbors = 10_000
        /// Bytes of a body, for the message.
        package var bodyBytes = 16 << 20
        /// Until a request has its answer.
        package var time = Duration.seconds(60)
        /// Whether texts that are longer than the model reads are refused, and not cut.
        package var refusesLongTexts = false

        package init() {}
    }

    let models: [ServedModel]
    let corpora: [ServedCorpus]
    let limits: Limits
    let metrics = ServiceMetrics()
    private let token: [UInt8]?
    /// Seconds since 1970.
    private let started: Int
    private let isStopping = Mutex(false)

    /// - Parameters:
    ///   - models: The first one is for requests that name none.
    ///   - token: What requests must carry; nil if they need none.
    ///   - started: Seconds since 1970, told as the time at which models were made.
    package init(
        models: [ServedModel],
        corpora: [ServedCorpus],
        token: String?,
        limits: Limits,
        started: Int
    ) {
        self.models = models
        self.corpora = corpora
        self.token = token.map { Array($0.utf8) }
        self.limits = limits
        self.started = started
    }

    /// From now on `/health` says that the server stops, so that a balancer sends nothing more. Requests are answered still.
    package func beginStopping() { isStopping.withLock { $0 = true } }

    /// Ends the threads of models and corpora; requests that wait for them are told that the server stops.
    package func stop() {
        for model in models { model.stop() }
        for corpus in corpora { corpus.stop() }
    }

    // MARK: Answers

    package func refusal(of head: HTTPRequestHead) -> HTTPAnswer? {
        guard needsToken(head.path), !isAuthorized(head) else { return nil }
        metrics.answered(Self.route(head.path), status: 401, seconds: 0)
        return ServiceError.unauthorized.answer
    }

    package func answerToLongBody(of head: HTTPRequestHead) -> HTTPAnswer {
        metrics.answered(Self.route(head.path), status: 413, seconds: 0)
        return ServiceError.tooLong(limits.bodyBytes).answer
    }

    package func answer(to request: HTTPRequest) -> HTTPAnswer {
        let start = ContinuousClock.now
        let answer: HTTPAnswer
        do {
            answer = try answered(request)
        } catch let error as ServiceError {
            answer = error.answer
        } catch {
            answer = ServiceError.failed("\(error)").answer
        }
        metrics.answered(
            Self.route(request.head.path),
            status: answer.status,
            seconds: (ContinuousClock.now - start) / .seconds(1)
        )
        return answer
    }

    private func answered(_ request: HTTPRequest) throws -> HTTPAnswer {
        let (method, path) = (request.head.method, request.head.path)
        func require(_ allowed: String) throws {
            if method != allowed, !(method == "HEAD" && allowed == "GET") {
                throw ServiceError.methodNotAllowed(allowed)
            }
        }
        switch path {
        case "/v1/embeddings":
            try require("POST")
            return try embeddings(ServiceRequest(request.body, limit: limits.inputs))
        case "/v1/similarity":
            try require("POST")
            return try neighbors(ServiceRequest(request.body, limit: limits.inputs))
        case "/v1/models":
            try require("GET")
            return modelList()
        case "/v1/corpora":
            try require("GET")
            return corpusList()
        case "/health":
            try require("GET")
            return health()
        case "/metrics":
            try require("GET")
            return metricsText()
        default:
            guard path.hasPrefix("/v1/models/") else {
                throw ServiceError.notFound("there is nothing at \(path)", code: "not_found")
            }
            try require("GET")
            let model = try model(named: String(path.dropFirst("/v1/models/".count)))
            return HTTPAnswer(body: JSONWriter.line { describe(model, in: &$0) })
        }
    }

    /// What counts of a path, so that nobody can make as many names as there are paths.
    private static func route(_ path: String) -> String {
        let known = ["/v1/embeddings", "/v1/similarity", "/v1/models", "/v1/corpora", "/health", "/metrics"]
        if known.contains(path) { return path }
        return path.hasPrefix("/v1/models/") ? "/v1/models" : "other"
    }

    // MARK: Who may ask

    private func needsToken(_ path: String) -> Bool { token != nil && path != "/health" }

    /// Compares in the same time whatever differs.
    private func isAuthorized(_ head: HTTPRequestHead) -> Bool {
        guard let token else { return true }
        let given = Array((head.authorization ?? "").utf8)
        let expected = Array("Bearer ".utf8) + token
        var difference = given.count ^ expected.count
        for place in expected.indices {
            difference |= Int(expected[place] ^ (place < given.count ? given[place] : 0))
        }
        return difference == 0
    }

    // MARK: What there is

    func model(named name: String?) throws -> ServedModel {
        guard let name else {
            guard let first = models.first else {
                throw ServiceError.notFound("no model is loaded", parameter: "model", code: "model_not_found")
            }
            return first
        }
        guard let model = models.first(where: { $0.name == name }) else {
            let names = models.map { "'\($0.name)'" }.joined(separator: ", ")
            throw ServiceError.notFound(
                "there is no model '\(name)'; found \(names.isEmpty ? "none" : names)",
                parameter: "model",
                code: "model_not_found"
            )
        }
        return model
    }

    private func describe(_ model: ServedModel, in object: inout JSONWriter) {
        object.field("id", model.name)
        object.field("object", "model")
        object.field("created", started)
        object.field("owned_by", "simile")
        object.field("dimension", model.encoder.dimension)
    }

    private func modelList() -> HTTPAnswer {
        HTTPAnswer(
            body: JSONWriter.line { answer in
                answer.field("object", "list")
                answer.field(
                    "data",
                    array: { list in for model in models { list.object { describe(model, in: &$0) } } }
                )
            }
        )
    }

    private func corpusList() -> HTTPAnswer {
        HTTPAnswer(
            body: JSONWriter.line { answer in
                answer.field("object", "list")
                answer.field(
                    "data",
                    array: { list in
                        for corpus in corpora {
                            list.object { object in
                                object.field("id", corpus.name)
                                object.field("object", "corpus")
                                object.field("rows", corpus.corpus.vectors.rowCount)
                                object.field("dimension", corpus.corpus.vectors.dimension)
                                object.field("metric", corpus.metric.rawValue)
                                object.field("model", corpus.model)
                                object.field("has_texts", corpus.texts != nil)
                            }
                        }
                    }
                )
            }
        )
    }

    private func health() -> HTTPAnswer {
        let isStopping = isStopping.withLock { $0 }
        return HTTPAnswer(
            status: isStopping ? 503 : 200,
            body: JSONWriter.line { $0.field("status", isStopping ? "stopping" : "ok") }
        )
    }

    private func metricsText() -> HTTPAnswer {
        let waiting = models.reduce(0) { $0 + $1.waitingCount }
        let queries = corpora.reduce(0) { $0 + $1.waitingCount }
        let text = metrics.text(gauges: [
            ("waiting_texts", "Texts that wait or are worked on.", Double(waiting)),
            ("waiting_queries", "Queries that wait or are worked on.", Double(queries)),
            ("process_start_time_seconds", "When the server started, in seconds since 1970.", Double(started)),
            (
                "process_private_memory_bytes", "Memory that the process has to itself.",
                Double(SystemMemory.unshared ?? 0)
            ),
        ])
        return HTTPAnswer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(text.utf8))
    }
}
