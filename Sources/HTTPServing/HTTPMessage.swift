// SPDX-License-Identifier: Apache-2.0

/// The head of a request: what is known before its body has come.
package struct HTTPRequestHead: Sendable {
    /// `GET`, `POST` and so on.
    package let method: String
    /// The path, without a query, decoded.
    package let path: String
    /// The value of `Authorization`.
    package let authorization: String?
    /// The length that the body is said to have.
    package let contentLength: Int?
}

/// A request with its body.
package struct HTTPRequest: Sendable {
    package let head: HTTPRequestHead
    package let body: [UInt8]
}

/// What a request is answered with.
package struct HTTPAnswer: Sendable {
    package let status: Int
    package let contentType: String
    package let body: [UInt8]
    /// Headers beside those of the body.
    package var headers: [(name: String, value: String)]

    package init(
        status: Int = 200,
        contentType: String = "application/json",
        body: [UInt8],
        headers: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }
}

/// Gives answers to requests, on the thread of a connection, which may wait.
package protocol HTTPResponder: Sendable {
    /// What a request is refused with before its body is read; nil to read it.
    func refusal(of head: HTTPRequestHead) -> HTTPAnswer?
    /// The answer to a whole request.
    func answer(to request: HTTPRequest) -> HTTPAnswer
    /// The answer to a request whose body is longer than the limit.
    func answerToLongBody(of head: HTTPRequestHead) -> HTTPAnswer
}

/// What a server takes at most.
package struct HTTPLimits: Sendable {
    /// Connections at once; further ones wait until one ends.
    package var connections = 256
    /// Seconds after which a connection ends that nothing comes over.
    package var idleSeconds = 60
    /// Bytes of request line and headers.
    package var headerBytes = 32 << 10
    /// Bytes of a body.
    package var bodyBytes = 16 << 20

    package init() {}
}

/// Why there is no server.
package struct HTTPServerFault: Error, Sendable, CustomStringConvertible {
    package let description: String
}
