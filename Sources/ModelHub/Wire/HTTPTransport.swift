// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression

/// Sends one HTTP request and gives its whole answer. Knows nothing of retries or of what bodies mean.
final class HTTPTransport: Sendable {
    /// An answer, whatever its status.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    /// No whole answer came.
    struct Failure: Error {
        let message: String
    }

    private static let redirectLimit = 3
    private let client: HTTPClient
    private let endpoint: HubEndpoint
    private let token: HubToken?
    private let timeout: TimeAmount

    init(_ configuration: HubConfiguration, endpoint: HubEndpoint) throws {
        self.endpoint = endpoint
        token = configuration.token
        timeout = .nanoseconds(Int64(max(0.001, min(configuration.secondsPerAttempt, 86_400)) * 1e9))
        var settings = HTTPClient.Configuration(
            // Redirects are followed here: a library would make a GET of a POST, or take the token elsewhere.
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10)),
            proxy: try configuration.proxy.map(Self.proxy),
            // What may be inflated is what may be received.
            decompression: .enabled(limit: .size(1 << 30))
        )
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, configuration.requestsInFlight)
        // Retries are counted and paced in one place.
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    deinit { client.shutdown { _ in } }

    /// Sends a request: a POST with a JSON body, or a GET without one.
    ///
    /// - Parameter byteLimit: A body that is longer is not read to its end.
    /// - Throws: ``Failure``, ``HubError`` for a redirect that is not followed, or `CancellationError`.
    func send(_ body: [UInt8]?, to address: String, byteLimit: Int) async throws -> Answer {
        var address = address
        for _ in 0...Self.redirectLimit {
            let answer = try await sendOnce(body, to: address, byteLimit: byteLimit)
            guard (300..<400).contains(answer.status), let location = answer.headers.first(name: "location") else {
                return answer
            }
            guard let target = endpoint.sameHost(location, from: address) else {
                throw HubError(
                    .wrongAddress,
                    "the server redirects to \(HubEndpoint.host(of: location)), where the token is not sent; "
                        + "if that is the right place, give it as the address",
                    status: answer.status
                )
            }
            address = target
        }
        throw HubError(.wrongAddress, "more than \(Self.redirectLimit) redirects, one after the other")
    }

    private func sendOnce(_ body: [UInt8]?, to address: String, byteLimit: Int) async throws -> Answer {
        do {
            var request = try HTTPClient.Request(url: address, method: body == nil ? .GET : .POST)
            request.headers.add(name: "accept", value: "application/json")
            request.headers.add(name: "accept-encoding", value: "gzip")
            request.headers.add(name: "user-agent", value: "simile")
            if let token { request.headers.add(name: "authorization", value: "Bearer \(token.secret)") }
            if let body {
                request.headers.add(name: "content-type", value: "application/json")
                request.body = .byteBuffer(ByteBuffer(bytes: body))
            }
            // The deadline holds to the last byte of the answer: one that drips is given up as well.
            let task = client.execute(
                request: request,
                delegate: ResponseAccumulator(request: request, maxBodySize: byteLimit),
                deadline: .now() + timeout
            )
            let response = try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            return Answer(
                status: Int(response.status.code),
                headers: response.headers,
                body: response.body.map { Array($0.readableBytesView) } ?? []
            )
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw Failure(message: message(error, byteLimit: byteLimit))
        }
    }

    private func message(_ error: any Error, byteLimit: Int) -> String {
        switch error {
        case is ResponseAccumulator.ResponseTooBigError: return tooLong(byteLimit)
        case let error as NIOHTTPDecompression.DecompressionError where error == .limit: return tooLong(byteLimit)
        case is HTTPParserError: return "the connection was closed before the answer was whole"
        case let error as HTTPClientError: return message(error)
        default: return ServerMessage.excerpt("no connection: \(error)")
        }
    }

    private func message(_ error: HTTPClientError) -> String {
        if [.deadlineExceeded, .readTimeout].contains(error) {
            return "no whole answer within \(timeout.nanoseconds / 1_000_000) ms"
        }
        if [.connectTimeout, .getConnectionFromPoolTimeout].contains(error) { return "no connection in time" }
        if error == .remoteConnectionClosed { return "the connection was closed before the answer was whole" }
        return "the HTTP client says: \(error.shortDescription)"
    }

    private func tooLong(_ byteLimit: Int) -> String {
        "the answer is longer than the \(byteLimit) bytes that may be expected"
    }

    /// The proxy of an address such as `http://user:password@host:3128`; SOCKS with `socks5://`.
    private static func proxy(_ address: String) throws -> HTTPClient.Configuration.Proxy {
        let withScheme = address.contains("://") ? address : "http://\(address)"
        guard let url = URL(string: withScheme), let host = url.host(), !host.isEmpty else {
            throw HubError(.wrongAddress, "the proxy is not given as http://host:port")
        }
        if url.scheme?.hasPrefix("socks") == true { return .socksServer(host: host, port: url.port ?? 1080) }
        guard url.scheme == "http" else {
            throw HubError(
                .wrongAddress,
                "a proxy at \(url.scheme ?? "?")://\(host) is not supported; expected http:// or socks5://"
            )
        }
        let user = url.user(percentEncoded: false)
        return .server(
            host: host,
            port: url.port ?? 80,
            authorization: user.map { .basic(username: $0, password: url.password(percentEncoded: false) ?? "") }
        )
    }
}
#endif
