// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// A request: a POST of JSON, or a GET without a body.
package struct HTTPRequest: Sendable {
    /// Where a request goes through.
    package enum Proxy: Sendable {
        case none
        /// What `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` say, as libcurl reads them.
        case environment
        /// `http://[user:password@]host:port`, or `socks5h://`.
        case address(String)
    }

    /// With its scheme, `http` or `https`.
    package var address: String
    /// Lines such as `accept: application/json`, for the server alone: a proxy does not get them.
    package var headers: [String]
    /// The body of a POST; nil is a GET.
    package var body: [UInt8]?
    /// Bytes of an answer, as received and as inflated.
    package var byteLimit: Int
    /// Seconds from here to the last byte of the answer.
    package var seconds: Double
    package var proxy: Proxy
    /// A file with the certificates of authorities; nil takes the system's.
    package var certificateFile: String?
    /// Whether it must not leave this machine: it is then given up before a byte of it is sent.
    package var staysOnMachine: Bool

    package init(
        address: String,
        headers: [String],
        body: [UInt8]?,
        byteLimit: Int,
        seconds: Double,
        proxy: Proxy,
        certificateFile: String?,
        staysOnMachine: Bool
    ) {
        self.address = address
        self.headers = headers
        self.body = body
        self.byteLimit = byteLimit
        self.seconds = seconds
        self.proxy = proxy
        self.certificateFile = certificateFile
        self.staysOnMachine = staysOnMachine
    }
}

/// A whole answer, whatever its status.
package struct HTTPAnswer: Sendable {
    /// The status, e.g. 200.
    package let status: Int
    /// The body, inflated.
    package let body: [UInt8]
    /// Names in lower case, in their order.
    let headers: [(name: String, value: String)]

    /// The first header of a name in lower case.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// No whole answer came.
package struct HTTPFailure: Error, Sendable {
    /// What went wrong.
    package enum Reason: Sendable {
        /// No connection within ten seconds, or within the time of the request.
        case noConnectionInTime
        case noAnswerInTime
        /// More bytes than the limit.
        case tooLong
        /// More than 128 KiB of headers.
        case headTooLong
        /// The connection was closed before the answer was whole, or before it began.
        case closed
        /// The request would have left the machine.
        case leavesMachine
        case nameUnknown
        /// The server cannot prove who it is, or no certificates of authorities are there to hold it against.
        case notTrusted
        /// It speaks another protocol, or breaks HTTP.
        case notHTTP
        case connectionRefused
        case wrongProxy
        case other
    }

    package let reason: Reason
    /// libcurl's words for it.
    package let detail: String
}
#endif
