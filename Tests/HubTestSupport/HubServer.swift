// SPDX-License-Identifier: Apache-2.0

// A real HTTP server on loopback that speaks the embeddings protocol, and breaks it where a test says so.

#if ModelHub
public import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import Synchronization

/// What came to the server.
public struct HubRequest: Sendable {
    /// Of the address, e.g. `/v1/embeddings`.
    public let path: String
    /// By names in lower case.
    public let headers: [String: String]
    /// All of it.
    public let body: String
    /// The member `model` of the body.
    public let model: String?
    /// The member `input` of the body.
    public let texts: [String]
    /// The member `dimensions` of the body.
    public let dimensions: Int?
    /// Which request it was, from 0.
    public let number: Int
}

/// A server of one test's own.
public final class HubServer: Sendable {
    private let server: HTTPServer
    private let task: Task<Void, any Error>
    private let log: Log
    private let port: UInt16

    /// Starts a server that answers with `respond`.
    public init(_ respond: @escaping @Sendable (HubRequest) async throws -> HTTPResponse) async throws {
        let log = Log()
        let server = HTTPServer(
            config: .init(
                address: try .inet(ip4: "127.0.0.1", port: 0),
                timeout: 60,
                sharedRequestReplaySize: 1 << 26,
                logger: .disabled
            )
        )
        await server.appendRoute("*") { request in
            try await respond(log.add(request, body: request.bodyData))
        }
        task = Task { try await server.run() }
        // Other suites may hold every thread of the tasks for a while.
        try await server.waitUntilListening(timeout: 120)
        guard case .ip4(_, let port)? = await server.listeningAddress else { throw SocketError.unsupportedAddress }
        self.port = port
        self.log = log
        self.server = server
    }

    deinit { task.cancel() }

    /// Closes the port.
    public func stop() async { await server.stop() }

    /// The base address.
    public var address: String { "http://127.0.0.1:\(port)/v1" }

    /// All requests so far, in order.
    public var requests: [HubRequest] { log.requests }

    /// All texts that were asked for, in order, repeated ones as often as they came.
    public var texts: [String] { requests.flatMap(\.texts) }

    private final class Log: Sendable {
        private let state = Mutex<[HubRequest]>([])
        var requests: [HubRequest] { state.withLock { $0 } }

        func add(_ request: HTTPRequest, body: Data) -> HubRequest {
            let members = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any]
            var headers: [String: String] = [:]
            for (name, value) in request.headers { headers[name.rawValue.lowercased()] = value }
            return state.withLock { requests in
                let noted = HubRequest(
                    path: request.path,
                    headers: headers,
                    body: String(decoding: body, as: UTF8.self),
                    model: members?["model"] as? String,
                    texts: members?["input"] as? [String] ?? [],
                    dimensions: members?["dimensions"] as? Int,
                    number: requests.count
                )
                requests.append(noted)
                return noted
            }
        }
    }
}

/// Answers of a server.
public enum HubReply {
    /// The vector that the server gives a text: whole numbers from its bytes, so that every byte counts.
    public static func vector(_ text: String, dimension: Int = 4) -> [Float] {
        var state: UInt64 = 14_695_981_039_346_656_037
        for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 1_099_511_628_211 }
        return (0..<dimension).map { component in
            Float(Int(truncatingIfNeeded: (state >> UInt64(component % 8 * 8)) & 255) + component) - 100
        }
    }

    /// Floats as the protocol writes them.
    public static func base64(_ vector: [Float]) -> String {
        Data(vector.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } })
            .base64EncodedString()
    }

    /// A good answer.
    public static func vectors(_ request: HubRequest, dimension: Int = 4, headers: HTTPHeaders = [:]) -> HTTPResponse {
        items(
            request.texts.enumerated().map {
                #"{"object":"embedding","index":\#($0),"embedding":"\#(base64(vector($1, dimension: dimension)))"}"#
            },
            headers: headers
        )
    }

    /// An answer with such items, in the form that was recorded from IONOS.
    public static func items(_ items: [String], headers: HTTPHeaders = [:]) -> HTTPResponse {
        json(
            200,
            #"{"id":"embd-1","object":"list","created":1783684800,"model":"m","data":[\#(items.joined(separator: ","))],"#
                + #""usage":{"prompt_tokens":9,"total_tokens":9}}"#,
            headers: headers
        )
    }

    /// Any answer.
    public static func json(_ status: Int, _ body: String, headers: HTTPHeaders = [:]) -> HTTPResponse {
        HTTPResponse(statusCode: HTTPStatusCode(status, phrase: "Status"), headers: headers, body: Data(body.utf8))
    }

    /// A body that is said to have `count` bytes and comes as `parts` say; an error ends the connection in its middle.
    public static func slow(
        count: Int,
        _ part: @escaping @Sendable (Int) async throws -> [UInt8]?
    ) -> HTTPResponse {
        HTTPResponse(statusCode: .ok, body: HTTPBodySequence(from: Parts(part: part), count: count))
    }

    /// The same, chunked, without a word about how long it will be.
    public static func endless(_ part: @escaping @Sendable (Int) async throws -> [UInt8]?) -> HTTPResponse {
        HTTPResponse(statusCode: .ok, body: HTTPBodySequence(from: Parts(part: part)))
    }

    private struct Parts: AsyncBufferedSequence {
        typealias Element = UInt8
        let part: @Sendable (Int) async throws -> [UInt8]?

        func makeAsyncIterator() -> Iterator { Iterator(part: part) }

        struct Iterator: AsyncBufferedIteratorProtocol {
            let part: @Sendable (Int) async throws -> [UInt8]?
            var number = 0
            var rest: [UInt8] = []

            mutating func next() async throws -> UInt8? {
                if rest.isEmpty { rest = try await nextBuffer(suggested: 1) ?? [] }
                return rest.isEmpty ? nil : rest.removeFirst()
            }

            mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
                defer { number += 1 }
                return try await part(number)
            }
        }
    }
}
#endif
