// SPDX-License-Identifier: Apache-2.0

#if Server
internal import ArgumentParser
internal import FoundationEssentials
internal import HTTPServing
internal import Similarity
internal import SimilarityServer
internal import System
internal import TextEncoder
internal import VectorFiles

/// `simile serve [--model M ...] [--corpus NAME=F ...]`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests for embeddings and neighbors over HTTP, as clients of OpenAI send them.",
        discussion: """
            POST /v1/embeddings, GET /v1/models, POST /v1/similarity ({"corpus":NAME,"input":TEXTS,"k":10}), GET /v1/corpora, GET /health and GET \
            /metrics (Prometheus). Requests that arrive together are computed together. SIGTERM and Control-C end what is under way, then the server; a \
            second one ends it at once.

            The token that requests must carry is taken from the file that --token-file names, or from SIMILE_SERVE_TOKEN.
            """
    )

    @Option(
        help: """
            Model that requests may name, once for each: a name in the model folder or the path of a folder. The first one is for requests that \
            name none. (default: \(ModelLocation.defaultModel), or static where that is not there)
            """
    )
    var model: [String] = []

    @Option(help: "Corpus that requests may search in, once for each: vectors, texts or a prepared corpus, as NAME=F.")
    var corpus: [String] = []

    @Option(help: "Address to listen at; the default one is reached from this machine alone.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen at; 0 for any that is free.")
    var port = 8080

    @Option(help: "File whose first line is the token that requests must carry.")
    var tokenFile: String?

    @Option(help: "Texts or vectors of a request, at most.")
    var maxInputs = 2048

    @Option(help: "Body of a request, at most, e.g. 16MiB.")
    var maxBody: MemorySize?

    @Option(help: "Texts that may wait for each model; requests beyond are told to come again (429).")
    var maxWaiting = 16_384

    @Option(help: "Connections at once; further ones wait.")
    var maxConnections = 256

    @Option(help: "Seconds after which a request without an answer is given up.")
    var timeout = 60

    @Option(help: "Seconds that requests under way have when the server is to end.")
    var grace = 30

    @Option(help: "How corpora that are not prepared are compared. (default: cosine)")
    var metric: Metric?

    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: ServedInputOptions

    mutating func validate() throws {
        for (name, value) in [
            ("--max-inputs", maxInputs), ("--max-waiting", maxWaiting), ("--max-connections", maxConnections),
            ("--timeout", timeout),
        ] where value < 1 {
            throw ValidationError("\(name) is \(value); it must be at least 1")
        }
        if grace < 0 { throw ValidationError("--grace is \(grace); it must not be negative") }
        guard 0...65_535 ~= port else { throw ValidationError("--port is \(port); it must be from 0 to 65535") }
        for entry in corpus where Self.parts(of: entry) == nil {
            throw ValidationError("--corpus \(entry): expected NAME=F")
        }
        let names = corpus.compactMap { Self.parts(of: $0)?.name }
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError("--corpus: two are called '\(twice)'")
        }
        if let twice = model.first(where: { name in model.count { $0 == name } > 1 }) {
            throw ValidationError("--model: '\(twice)' is there twice")
        }
    }

    private static func parts(of entry: String) -> (name: String, path: String)? {
        guard let sign = entry.firstIndex(of: "="), sign != entry.startIndex else { return nil }
        let path = String(entry[entry.index(after: sign)...])
        return path.isEmpty ? nil : (String(entry[..<sign]), path)
    }

    mutating func run() async throws {
        let token = try self.token()
        let models = try loadedModels()
        let corpora = try await loadedCorpora(models)
        var limits = SimilarityService.Limits()
        limits.inputs = maxInputs
        limits.time = .seconds(timeout)
        limits.refusesLongTexts = inputs.onLong == .refuse
        var connections = HTTPLimits()
        connections.connections = maxConnections
        if let maxBody { connections.bodyBytes = min(maxBody.bytes, 1 << 31) }
        limits.bodyBytes = connections.bodyBytes
        let service = SimilarityService(
            models: models,
            corpora: corpora,
            token: token,
            limits: limits,
            started: Int(Date().timeIntervalSince1970)
        )
        // From here on a signal is the usual way to end.
        let stopped = AsyncStream.makeStream(of: Void.self)
        Interruption.leaveEnd { stopped.continuation.finish() }
        let listener: HTTPListener
        do {
            listener = try HTTPListener(host: host, port: port, limits: connections, responder: service)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        if token == nil, !["127.0.0.1", "::1", "localhost"].contains(host) {
            running.tell("warning: everybody who reaches \(host) may ask; --token-file wants a token of them")
        }
        let shownHost = host.contains(":") ? "[\(host)]" : host
        running.tell(
            "listening at http://\(shownHost):\(listener.port)/v1 (models: "
                + "\(models.map(\.name).joined(separator: ", ")); corpora: "
                + "\(corpora.isEmpty ? "none" : corpora.map(\.name).joined(separator: ", ")))"
        )
        for await _ in stopped.stream {}
        service.beginStopping()
        running.tell("stopping: \(listener.requestsUnderWay) requests are under way")
        listener.stop(within: .seconds(grace)) { service.stop() }
        running.tell("stopped")
    }

    private func token() throws -> String? {
        let found: String
        if let tokenFile {
            do {
                found = try String(contentsOfFile: tokenFile, encoding: .utf8)
            } catch {
                throw CommandFailure.refused("\(tokenFile): cannot be read as text")
            }
        } else {
            guard let value = Environment.value("SIMILE_SERVE_TOKEN") else { return nil }
            found = value
        }
        let line = found.prefix { !$0.isNewline }.trimmed
        guard !line.isEmpty, line.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw CommandFailure.refused(
                "\(tokenFile ?? "SIMILE_SERVE_TOKEN"): expected a token of visible ASCII characters on the first line"
            )
        }
        return line
    }

    private func loadedModels() throws -> [ServedModel] {
        try (model.isEmpty ? [nil] : model.map { $0 }).map { wanted in
            let found = try Environment.localModel(wanted)
            if found.standsIn {
                running.tell(
                    "\(ModelLocation.defaultModel) is not on this machine: \(found.name) stands in for it; scripts/fetch-model fetches the better one"
                )
            }
            let isStatic = found.name == ModelLocation.staticModel
            return ServedModel(
                name: found.name,
                encoder: try SentenceEncoder(
                    folder: found.folder,
                    precision: isStatic ? .float32 : inputs.precision ?? .float32
                ),
                waitingLimit: maxWaiting,
                workers: running.workers
            )
        }
    }

    private func loadedCorpora(_ models: [ServedModel]) async throws -> [ServedCorpus] {
        var corpora: [ServedCorpus] = []
        let given = [
            ("--model", model.first), ("--precision", inputs.precision?.rawValue),
            ("--on-long", inputs.onLong?.rawValue),
        ]
        let ofTexts = try InputOptions.parse(given.flatMap { name, value in value.map { [name, $0] } ?? [] })
        let ofVectors = try InputOptions.parse([])
        for entry in corpus {
            guard let (name, path) = Self.parts(of: entry) else { continue }
            let isText = try ofTexts.kind(of: path) == .texts
            let reader = try InputReader(isText ? ofTexts : ofVectors, running, for: [(path, nil)])
            let (set, metric) = try await reader.readCorpus(path, metric: metric, as: .document)
            corpora.append(
                ServedCorpus(
                    name: name,
                    corpus: set.corpus,
                    metric: metric,
                    model: isText ? models.first?.name : nil,
                    texts: set.texts,
                    waitingLimit: maxWaiting,
                    workers: running.workers
                )
            )
        }
        return corpora
    }
}

/// How texts of a server are read.
struct ServedInputOptions: ParsableArguments {
    @Option(
        help:
            "What to do with a text that is longer than the model reads: cut it and say so (truncate), or refuse it. (default: truncate)"
    )
    var onLong: LongTexts?

    @Option(help: "What the models' layers are computed in: float32, or int8. (default: float32)")
    var precision: EncoderPrecision?
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
#endif
