// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A failed call of the operating system: what was tried, on which path, and the reason it gave.
package struct SystemError: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let code: Int32

    package init(_ operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The error of the call that has just failed, from `errno`.
    package static func last(_ operation: String, path: String) -> SystemError {
        SystemError(operation, path: path, code: errno)
    }

    /// Whether the reader of a pipe has gone.
    package var isBrokenPipe: Bool { code == EPIPE }

    package var reason: String { unsafe String(cString: strerror(code)) }
    package var description: String { "\(path): cannot \(operation): \(reason)" }
}
