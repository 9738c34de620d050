// SPDX-License-Identifier: Apache-2.0

// The client against a real server on loopback: what is sent, what is done about errors, what comes back.

#if ModelHub
import FlyingFox
import Foundation
import HubTestSupport
import Logging
import ModelHub
import Similarity
import Synchronization
import Testing

@Suite struct ClientTests {
    @Test func `texts come back as vectors in their order`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts = (0..<1000).map { "text \($0) é\u{301}\n\"" }
        let found = try await client(server.address).embed(texts, model: "BAAI/bge-m3")
        #expect(found.rows == texts.map { HubReply.vector($0) })
        #expect(server.requests.count == 11 && server.requests.allSatisfy { $0.path == "/v1/embeddings" })
        #expect(server.requests.allSatisfy { $0.texts.count <= 96 && $0.model == "BAAI/bge-m3" })
        #expect(found.usage.texts == 1000 && found.usage.requests == 11 && found.usage.cached == 0)
        let request = try #require(server.requests.first)
        #expect(request.headers["authorization"] == "Bearer \(secret)")
        #expect(request.headers["content-type"] == "application/json" && request.headers["accept-encoding"] == "gzip")
        #expect(!request.body.contains("dimensions") && !request.body.contains("null"))
    }

    @Test func `numbers that cannot be are refused`() throws {
        let changes: [(String, (inout HubConfiguration) -> Void)] = [
            ("requestsPerSecond is 0.0", { $0.requestsPerSecond = 0 }), ("burst is 0", { $0.burst = 0 }),
            ("requestsInFlight is -1", { $0.requestsInFlight = -1 }),
            ("textsPerRequest is 2049", { $0.textsPerRequest = 2049 }),
            ("tokensPerRequest is 0", { $0.tokensPerRequest = 0 }), ("attempts is 0", { $0.attempts = 0 }),
            ("secondsPerAttempt is nan", { $0.secondsPerAttempt = .nan }),
        ]
        for (message, change) in changes {
            var configuration = HubConfiguration()
            change(&configuration)
            let error = #expect(throws: HubError.self) { try ModelHubClient(configuration) }
            #expect(error?.code == .invalidConfiguration && "\(error.map { "\($0)" } ?? "")".contains(message))
        }
    }

    @Test func `no text means no request`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let found = try await client(server.address).embed([], model: "m", dimensions: 7)
        #expect(found.vectors.rowCount == 0 && found.vectors.dimension == 7 && server.requests.isEmpty)
    }

    @Test func `blank texts are refused by row before anything is sent, or left out`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts = ["a", "", "b", " \t\u{3000}\n"]
        let error = await failure { try await client(server.address).embed(texts, model: "m") }
        #expect(error?.code == .textsRefused && error?.rows == [1, 3] && server.requests.isEmpty)
        let found = try await client(server.address).embed(texts, model: "m", refusals: .skip)
        #expect(found.refused.map(\.row) == [1, 3] && server.texts == ["a", "b"])
        #expect(found.rows[2] == HubReply.vector("b") && found.rows[1].allSatisfy(\.isNaN))
    }

    @Test func `equal texts are sent once, and texts of other bytes are other texts`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        // Swift calls the first and the third equal.
        let texts = ["\u{E9}", "x", "e\u{301}", "x", "\u{E9}"]
        let found = try await client(server.address) { $0.textsPerRequest = 1 }.embed(texts, model: "m")
        #expect(server.requests.count == 3 && found.usage.cached == 2)
        #expect(found.rows == texts.map { HubReply.vector($0) })
    }

    @Test func `dimensions are asked for and held to`() async throws {
        let server = try await HubServer { HubReply.vectors($0, dimension: 6) }
        let hub = try client(server.address)
        #expect(try await hub.embed(["a"], model: "m", dimensions: 6).vectors.dimension == 6)
        #expect(server.requests.last?.dimensions == 6)
        let error = await failure { try await hub.embed(["a"], model: "m", dimensions: 5) }
        #expect(error?.code == .malformedAnswer && error?.message.contains("asked for 5 dimensions") == true)
    }

    @Test func `a dimension that changes halfway is an error that names the rows`() async throws {
        let server = try await HubServer {
            HubReply.vectors(
                $0,
                dimension: $0.texts.contains("t5") ? 3 : 4,
                headers: [HTTPHeader("x-request-id"): "req-5"]
            )
        }
        let texts = (0..<8).map { "t\($0)" }
        let error = await failure {
            try await client(server.address) {
                $0.textsPerRequest = 2
                $0.requestsInFlight = 1
            }.embed(texts, model: "m")
        }
        #expect(error?.code == .malformedAnswer && error?.rows == [4, 5], "\(String(describing: error))")
        #expect(error?.message.contains("found vectors of 3") == true && error?.model == "m")
        #expect(error?.requestID == "req-5")
    }

    @Test func `a malformed answer is asked for once more, then it is an error with request, model and row`()
        async throws
    {
        let server = try await HubServer { request in
            let items = request.texts.indices.map { i in
                let vector = request.texts[i] == "bad" ? "[1,null]" : "[1,2]"
                return #"{"index":\#(i),"embedding":\#(vector)}"#
            }
            return HubReply.items(items, headers: [HTTPHeader("x-request-id"): "req-7"])
        }
        let clock = VirtualClock()
        let error = await failure { try await client(server.address, clock: clock).embed(["a", "bad"], model: "m") }
        #expect(server.requests.count == 2)
        #expect(
            error?.code == .malformedAnswer && error?.rows == [1] && error?.requestID == "req-7" && error?.model == "m"
        )
        let once = try await HubServer { $0.number == 0 ? HubReply.json(200, "{\"data\":[") : HubReply.vectors($0) }
        #expect(try await client(once.address).embed(["a"], model: "m").rows == [HubReply.vector("a")])
    }

    @Test func `one vector that cannot be used costs neither the others nor their money`() async throws {
        let server = try await HubServer { request in
            HubReply.items(
                request.texts.enumerated().map { i, text in
                    let vector = text == "bad" ? "[0,0]" : "[\(text.count),1]"
                    return #"{"index":\#(i),"embedding":\#(vector)}"#
                }
            )
        }
        let folder = try TemporaryCache()
        let texts = ["a", "bb", "bad", "dddd"]
        let hub = try client(server.address, cache: folder.cache())
        let found = try await hub.embed(texts, model: "m", refusals: .skip)
        #expect(found.refused.map(\.row) == [2] && server.requests.count == 2)
        #expect(found.rows[0] == [1, 1] && found.rows[1] == [2, 1] && found.rows[3] == [4, 1])
        #expect(found.refused.first?.error.message.contains("zero in every component") == true)
        #expect(try await folder.cache().summary().sources.map(\.textCount) == [3])
        let error = await failure { try await hub.embed(texts, model: "m") }
        #expect(error?.code == .malformedAnswer && error?.rows == [2])
        #expect(server.requests[2...].allSatisfy { $0.texts == ["bad"] })
    }

    @Test func `an error inside a 200 keeps its message`() async throws {
        let server = try await HubServer { _ in HubReply.json(200, #"{"error":{"message":"no such thing","code":400}}"#)
        }
        let error = await failure { try await client(server.address).embed(["a"], model: "m") }
        #expect(error?.message.contains("no such thing") == true && error?.status == 200)
    }

    @Test(arguments: [408, 409, 429, 500, 502, 503, 504])
    func `what may pass is tried again`(status: Int) async throws {
        let server = try await HubServer { $0.number < 5 ? HubReply.json(status, "later") : HubReply.vectors($0) }
        let clock = VirtualClock()
        let found = try await client(server.address, clock: clock).embed(["a"], model: "m")
        #expect(found.rows == [HubReply.vector("a")] && server.requests.count == 6)
        #expect(clock.now >= .seconds(15.5) && clock.now < .seconds(25))
        #expect(found.usage.rateLimited == (status == 429 ? 5 : 0))
    }

    @Test func `the sixth failure is final and keeps status and text`() async throws {
        let server = try await HubServer { _ in HubReply.json(503, "<html><body>Down</body></html>") }
        let error = await failure { try await client(server.address).embed(["a"], model: "m") }
        #expect(server.requests.count == 6)
        #expect(error?.code == .unavailable && error?.status == 503 && error?.message.contains("Down") == true)
    }

    @Test(arguments: [
        (400, "requestRefused"), (401, "unauthorized"), (403, "unauthorized"), (404, "requestRefused"),
        (422, "requestRefused"),
    ])
    func `what cannot pass is not tried again`(status: Int, code: String) async throws {
        let server = try await HubServer { _ in
            HubReply.json(status, #"{"httpStatus":\#(status),"messages":[{"errorCode":"x","message":"no"}]}"#)
        }
        let error = await failure { try await client(server.address).embed(["a", "b"], model: "m") }
        #expect(server.requests.count == 1 && error?.status == status && error?.code.description == code)
    }

    @Test func `one 429 holds back every request`() async throws {
        let begun = Mutex<[Duration]>([])
        let clock = VirtualClock()
        let server = try await HubServer { request in
            begun.withLock { $0.append(clock.now) }
            return request.number == 0
                ? HubReply.json(429, "slow", headers: [HTTPHeader("Retry-After"): "30"]) : HubReply.vectors(request)
        }
        _ = try await client(server.address, clock: clock) {
            $0.textsPerRequest = 1
            $0.requestsInFlight = 1
        }.embed(["a", "b", "c"], model: "m")
        let times = begun.withLock { $0 }
        #expect(times.count == 4 && times.dropFirst().allSatisfy { $0 >= .seconds(30) }, "\(times)")
    }

    @Test func `a wait above two minutes and a used-up quota are final`() async throws {
        let server = try await HubServer { request in
            request.texts == ["wait"]
                ? HubReply.json(429, "x", headers: [HTTPHeader("Retry-After"): "121"])
                : HubReply.json(
                    429,
                    #"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#
                )
        }
        let hub = try client(server.address)
        #expect(await failure { try await hub.embed(["wait"], model: "m") }?.code == .rateLimited)
        #expect(await failure { try await hub.embed(["quota"], model: "m") }?.code == .quotaExhausted)
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [400, 413, 422])
    func `a batch that is too long is halved until the culprits stand alone`(status: Int) async throws {
        let server = try await HubServer { request in
            request.texts.contains { $0.hasPrefix("long") }
                ? HubReply.json(status, #"{"error":{"message":"This model's maximum context length is 512 tokens."}}"#)
                : HubReply.vectors(request)
        }
        let texts = (0..<96).map { [17, 64].contains($0) ? "long \($0)" : "text \($0)" }
        let found = try await client(server.address).embed(texts, model: "m", refusals: .skip)
        #expect(found.refused.map(\.row) == [17, 64] && found.refused[0].error.status == status)
        for row in texts.indices where ![17, 64].contains(row) {
            #expect(found.rows[row] == HubReply.vector(texts[row]))
        }
        #expect(server.requests.count <= 30)
        let error = await failure { try await client(server.address).embed(texts, model: "m") }
        #expect(error?.code == .textsRefused && error?.rows == [17, 64])
    }

    @Test func `a server that takes fewer texts at once is found out once`() async throws {
        let server = try await HubServer { request in
            request.texts.count > 32
                ? HubReply.json(
                    422,
                    #"{"message":"batch size \#(request.texts.count) > maximum allowed batch size 32","type":"Validation"}"#
                )
                : HubReply.vectors(request)
        }
        let texts = (0..<960).map { "text \($0)" }
        let found = try await client(server.address) { $0.requestsInFlight = 1 }.embed(texts, model: "m")
        #expect(found.rows == texts.map { HubReply.vector($0) })
        #expect(server.requests.filter { $0.texts.count > 32 }.count <= 3)
    }

    @Test func `batches keep to the estimate of tokens, and a long text goes alone`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts =
            [String(repeating: "a", count: 5000)] + (0..<10).map { String(repeating: "b", count: 400) + "\($0)" }
        _ = try await client(server.address) { $0.tokensPerRequest = 1000 }.embed(texts, model: "m")
        #expect(server.requests.map(\.texts.count).sorted() == [1, 2, 4, 4])
    }

    @Test func `a stream of texts comes in order with bounded reading ahead`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let read = Mutex(0)
        let texts = AsyncStream<String> { continuation in
            for i in 0..<5000 { continuation.yield(i % 7 == 3 ? " " : "text \(i % 4000)") }
            continuation.finish()
        }.map { text in
            read.withLock { $0 += 1 }
            return text
        }
        var rows: [Int] = []
        var refused: [Int] = []
        let hub = try client(server.address) { $0.requestsPerSecond = nil }
        for try await batch in hub.embeddings(of: texts, model: "m", refusals: .skip) {
            if rows.isEmpty { #expect(read.withLock { $0 } < 4700) }
            rows += batch.rows
            refused += batch.refused.map(\.row)
            for (i, row) in batch.rows.enumerated() {
                #expect(batch.vectors[i] == HubReply.vector("text \(row % 4000)"))
            }
        }
        #expect(rows == (0..<5000).filter { $0 % 7 != 3 } && refused == (0..<5000).filter { $0 % 7 == 3 })
    }

    @Test func `redirects keep to the host and the method`() async throws {
        let other = try await HubServer { HubReply.vectors($0) }
        let server = try await HubServer { request in
            switch request.path {
            case "/v1/embeddings": HubReply.json(307, "", headers: [HTTPHeader("Location"): "/moved/embeddings"])
            case "/away/embeddings":
                HubReply.json(308, "", headers: [HTTPHeader("Location"): "\(other.address)/embeddings"])
            case "/round/embeddings": HubReply.json(307, "", headers: [HTTPHeader("Location"): "/round/embeddings"])
            default: HubReply.vectors(request)
            }
        }
        #expect(try await client(server.address).embed(["a"], model: "m").rows == [HubReply.vector("a")])
        let base = server.address.dropLast(3)
        let error = await failure { try await client("\(base)/away").embed(["a"], model: "m") }
        #expect(error?.code == .wrongAddress && other.requests.isEmpty)
        #expect(await failure { try await client("\(base)/round").embed(["a"], model: "m") }?.code == .wrongAddress)
    }

    @Test func `a gzipped answer is read`() async throws {
        // gzip of {"data":[{"index":0,"embedding":[0.5,-1.0]}]}, made with Python.
        let body = "H4sIAAAAAAACA6tWSkksSVSyiq5WysxLSa1QsjLQUUrNTUpNScnMSweKG+iZ6uga6hnE1sbWAgBHGzpOLQAAAA=="
        let server = try await HubServer { _ in
            HTTPResponse(
                statusCode: .ok,
                headers: [HTTPHeader("Content-Encoding"): "gzip"],
                body: Data(base64Encoded: body) ?? Data()
            )
        }
        #expect(try await client(server.address).embed(["a"], model: "m").rows == [[0.5, -1]])
    }

    @Test func `a proxy is asked in place of the host`() async throws {
        // A tunnel first (CONNECT hub.invalid:80), which this server answers and then goes on with as if it were the hub.
        let proxy = try await HubServer { $0.number == 0 ? HTTPResponse(statusCode: .ok) : HubReply.vectors($0) }
        let hub = try client("http://hub.invalid/v1") {
            $0.proxy = .address(String(proxy.address.dropLast(3)))
            $0.allowsUnencryptedToken = true
        }
        #expect(try await hub.embed(["a"], model: "m").rows == [HubReply.vector("a")])
        #expect(proxy.requests.count == 2 && proxy.requests[0].headers["host"] == "hub.invalid:80")
        #expect(proxy.requests[0].headers["authorization"] == nil)
    }

    @Test func `models are listed`() async throws {
        let server = try await HubServer { _ in
            HubReply.json(200, #"{"object":"list","data":[{"id":"z"},{"id":"BAAI/bge-m3"}]}"#)
        }
        #expect(try await client(server.address).models().map(\.id) == ["BAAI/bge-m3", "z"])
        #expect(server.requests.map(\.path) == ["/v1/models"])
    }

    @Test func `a cancelled call ends at once and sends nothing more`() async throws {
        let arrived = AsyncStream<Void>.makeStream()
        let server = try await HubServer { request in
            arrived.continuation.yield()
            try await Task.sleep(for: .seconds(3600))
            return HubReply.vectors(request)
        }
        let hub = try client(server.address)
        let task = Task { try await hub.embed(["a"], model: "m") }
        for await _ in arrived.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.requests.count == 1)
    }

    @Test func `what is under way when a request fails is still kept`() async throws {
        let folder = try TemporaryCache()
        let server = try await HubServer { request in
            if request.texts.contains("t0") { return HubReply.json(404, "no") }
            return HubReply.vectors(request)
        }
        let texts = (0..<4).map { "t\($0)" }
        let cache = try folder.cache()
        let error = await failure {
            try await client(server.address, cache: cache) { $0.textsPerRequest = 1 }.embed(texts, model: "m")
        }
        #expect(error?.status == 404)
        let answered = Set(server.texts).subtracting(["t0"]).count
        #expect(try await cache.summary().sources.first.map(\.textCount) ?? 0 == answered)
    }

    @Test func `the token is in no error and in no log`() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in RecordingLog { line in lines.withLock { $0.append(line) } } }
        let statuses = [400, 401, 404, 429, 500, 200]
        for status in statuses {
            let server = try await HubServer { request in
                let echo = #"{"error":{"message":"bad key \#(request.headers["authorization"] ?? "") given"}}"#
                return HubReply.json(status, echo, headers: [HTTPHeader("x-request-id"): "id-\(secret)"])
            }
            let error = await failure { try await client(server.address, logger: logger).embed(["a"], model: "m") }
            let text = "\(error.map { "\($0) \(String(reflecting: $0))" } ?? "none")"
            #expect(text.contains("[token]") && !text.contains("secret-token"), "\(text)")
        }
        let log = lines.withLock { $0.joined(separator: "\n") }
        #expect(!log.isEmpty && !log.contains("secret-token"))
    }
}
#endif
