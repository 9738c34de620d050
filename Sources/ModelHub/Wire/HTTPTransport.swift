// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials
internal import HubLibraries
internal import Synchronization

/// Sends one HTTP request of the client, follows it where it may go, and gives its whole answer. Knows nothing of retries or of what
/// bodies mean.
final class HTTPTransport: Sendable {
    /// No whole answer came.
    struct Failure: Error {
        let message: String
        /// Whether another attempt is sure to end in the same way.
        let isFinal: Bool
        /// Whether the time for an answer was over.
        let isTimeout: Bool
    }

    private static let redirectLimit = 3
    private let transfers: HTTPTransfers
    private let configuration: HubConfiguration
    private let endpoint: HubEndpoint
    /// Whether the server has ever been heard.
    private let isHeard = Atomic<Bool>(false)

    /// - Throws: ``HubError`` of the kind `missingLibrary`.
    init(_ configuration: HubConfiguration, endpoint: HubEndpoint) throws {
        self.configuration = configuration
        self.endpoint = endpoint
        do {
            transfers = try HTTPTransfers(connectionsKept: max(1, configuration.requestsInFlight))
        } catch {
            throw HubError(.missingLibrary, error.description)
        }
    }

    /// Sends a request: a POST with a JSON body, or a GET without one.
    ///
    /// - Parameter byteLimit: A body that is longer is not read to its end.
    /// - Throws: ``Failure``, ``HubError`` for a redirect that is not followed, or `CancellationError`.
    func send(_ body: [UInt8]?, to address: String, byteLimit: Int) async throws -> HTTPAnswer {
        var address = address
        for _ in 0...Self.redirectLimit {
            let answer = try await sendOnce(body, to: address, byteLimit: byteLimit)
            // Redirects are followed here: a library would make a GET of a POST, or take the token elsewhere.
            guard (300..<400).contains(answer.status), let location = answer.header("location") else {
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

    private func sendOnce(_ body: [UInt8]?, to address: String, byteLimit: Int) async throws -> HTTPAnswer {
        do {
            let answer = try await transfers.send(request(body, to: address, byteLimit: byteLimit))
            isHeard.store(true, ordering: .relaxed)
            return answer
        } catch let failure as HTTPFailure {
            if Task.isCancelled { throw CancellationError() }
            throw describe(failure, byteLimit: byteLimit)
        }
    }

    private func request(_ body: [UInt8]?, to address: String, byteLimit: Int) -> HTTPRequest {
        var headers = ["accept: application/json"]
        if body != nil { headers.append("content-type: application/json") }
        if let token = configuration.token { headers.append("authorization: Bearer \(token.secret)") }
        return HTTPRequest(
            address: address,
            headers: headers,
            body: body,
            byteLimit: byteLimit,
            // The deadline holds to the last byte of the answer: one that drips is given up as well.
            seconds: max(0.001, configuration.secondsPerAttempt),
            proxy: proxy,
            certificateFile: configuration.certificateFile,
            staysOnMachine: configuration.token != nil && !endpoint.isEncrypted
                && !configuration.allowsUnencryptedToken
        )
    }

    private var proxy: HTTPRequest.Proxy {
        switch configuration.proxy.choice {
        case .none: .none
        case .environment: .environment
        case .address(let address): .address(address)
        }
    }

    private func describe(_ failure: HTTPFailure, byteLimit: Int) -> Failure {
        let origin = endpoint.origin
        let isHeard = isHeard.load(ordering: .relaxed)
        // libcurl repeats the address of a proxy that it does not understand, with the password in it.
        let isAboutProxy = failure.detail.contains("@")
        let detail =
            isAboutProxy
            ? "the address of the proxy is not understood; expected http://host:port"
            : ServerMessage.excerpt(failure.detail)
        let milliseconds = Int(min(configuration.secondsPerAttempt, 86_400) * 1000)
        let (message, isFinal): (String, Bool) =
            switch failure.reason {
            case .noConnectionInTime: ("no connection to \(origin) in time: \(detail)", false)
            case .noAnswerInTime: ("no whole answer from \(origin) within \(milliseconds) ms", false)
            case .tooLong: ("the answer of \(origin) is longer than the \(byteLimit) bytes that may be expected", false)
            case .headTooLong: ("\(origin) sends headers without end", true)
            case .closed: ("\(origin) closed the connection before the answer was whole: \(detail)", false)
            case .leavesMachine:
                ("the token is not sent unencrypted: \(origin) leads away from this machine", true)
            // A name that was known a while ago, or a server that has spoken HTTP, will do so again.
            case .nameUnknown: ("no connection to \(origin): \(detail)", !isHeard)
            case .notHTTP: ("\(origin) does not keep to HTTP: \(detail)", !isHeard)
            case .notTrusted: ("\(origin) cannot be trusted: \(detail)", true)
            case .wrongProxy: ("no connection to \(origin): \(detail)", true)
            case .connectionRefused, .other: ("no connection to \(origin): \(detail)", isAboutProxy)
            }
        return Failure(message: message, isFinal: isFinal, isTimeout: failure.reason == .noAnswerInTime)
    }
}
#endif
