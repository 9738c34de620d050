// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// Sends requests and gives whole answers, over connections that are kept and used again. Knows nothing of retries, redirects or what
/// bodies mean.
///
/// Nothing is opened before the first request. Proxies get no header that is for the server; the certificate of an encrypted server is
/// held against the authorities that the system trusts and against its name.
package final class HTTPTransfers: Sendable {
    private let loop: TransferLoop

    /// - Parameter connectionsKept: Connections that wait for another request, at most.
    /// - Throws: ``SystemLibraries/Missing``.
    package init(connectionsKept: Int) throws(SystemLibraries.Missing) {
        _ = try SystemLibraries.curl.get()
        loop = TransferLoop(connectionsKept: connectionsKept)
    }

    deinit { loop.end() }

    /// The answer to a request. When the task is cancelled, the transfer is.
    ///
    /// - Throws: ``HTTPFailure``, or `CancellationError`.
    package func send(_ request: HTTPRequest) async throws -> HTTPAnswer {
        let pending = PendingTransfer(request)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                pending.wait(continuation)
                loop.start(pending)
            }
        } onCancel: {
            pending.cancel()
            loop.wake()
        }
    }
}
#endif
