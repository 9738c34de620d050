// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import StrictJSON

/// Why a request is refused, in the form that clients of OpenAI know.
package struct ServiceError: Error, Sendable, Equatable {
    package let status: Int
    package let message: String
    /// `invalid_request_error`, `authentication_error`, `rate_limit_error` or `server_error`.
    package let type: String
    /// The field of the request that is at fault.
    package var parameter: String?
    package let code: String
    /// Seconds after which it may go better.
    package var retryAfter: Int?

    /// The request itself is at fault.
    package static func invalid(_ message: String, parameter: String? = nil, code: String = "invalid_value")
        -> ServiceError
    {
        ServiceError(
            status: 400,
            message: message,
            type: "invalid_request_error",
            parameter: parameter,
            code: code
        )
    }

    package static func notFound(_ message: String, parameter: String? = nil, code: String) -> ServiceError {
        ServiceError(
            status: 404,
            message: message,
            type: "invalid_request_error",
            parameter: parameter,
            code: code
        )
    }

    package static let unauthorized = ServiceError(
        status: 401,
        message: "expected 'Authorization: Bearer' with the token of this server",
        type: "authentication_error",
        code: "invalid_api_key"
    )

    package static let busy = ServiceError(
        status: 429,
        message: "too much waits already; try again",
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
        retryAfter: 1
    )

    package static let stopping = ServiceError(
        status: 503,
        message: "the server is stopping",
        type: "server_error",
        code: "stopping",
        retryAfter: 5
    )

    package static func late(_ time: Duration) -> ServiceError {
        ServiceError(
            status: 503,
            message: "no answer within \(time.components.seconds) s; try again, or with less at once",
            type: "server_error",
            code: "timeout",
            retryAfter: 1
        )
    }

    package static func failed(_ message: String) -> ServiceError {
        ServiceError(status: 500, message: message, type: "server_error", code: "internal_error")
    }

    package static func methodNotAllowed(_ allowed: String) -> ServiceError {
        ServiceError(
            status: 405,
            message: "expected \(allowed)",
            type: "invalid_request_error",
            code: "method_not_allowed"
        )
    }

    package static func tooLong(_ limit: Int) -> ServiceError {
        ServiceError(
            status: 413,
            message: "the body is longer than \(limit) bytes",
            type: "invalid_request_error",
            code: "request_too_large"
        )
    }

    var answer: HTTPAnswer {
        let body = JSONWriter.line { answer in
            answer.field(
                "error",
                object: { error in
                    error.field("message", message)
                    error.field("type", type)
                    error.field("param", parameter)
                    error.field("code", code)
                }
            )
        }
        var headers: [(name: String, value: String)] = retryAfter.map { [("Retry-After", "\($0)")] } ?? []
        if status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        return HTTPAnswer(status: status, body: body, headers: headers)
    }
}
