// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// Does an operation on a thread of its own, and waits for it without holding a thread of the caller's executor.
///
/// Operations of this library compute: they take the thread that calls them, and make others beside it for as long as they last. Called from an
/// asynchronous function they would hold a thread of the pool that all tasks share. In here they do not, and they end soon after
/// their task is cancelled:
///
///     let found = try await withoutBlocking { try corpus.nearest(to: queries, k: 10, options: $0) }
///
/// - Parameters:
///   - options: What the operation is given, with a cancellation that follows the task beside its own.
///   - operation: What is done, with the options that it gets. It is not on the thread of the task: `Task.isCancelled` says nothing in there.
/// - Returns: What `operation` returns.
/// - Throws: What `operation` throws; `CancellationError` if the task was cancelled before it began.
public func withoutBlocking<Result: Sendable>(
    _ options: RunOptions = RunOptions(),
    _ operation: @escaping @Sendable (RunOptions) throws -> Result
) async throws -> Result {
    try Task.checkCancellation()
    let flag = CancellationFlag(following: options.cancellation)
    var options = options
    options.cancellation = flag
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { [options] continuation in
            let work: @Sendable () -> Void = {
                continuation.resume(with: Swift.Result { try operation(options) })
            }
            // Slower for the others, never wrong.
            if !runDetached(work) { work() }
        }
    } onCancel: {
        flag.cancel()
    }
}
