// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A switch that stops an operation between two tiles. Any thread, or a signal handler's, may set it.
public final class CancellationFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    private let followed: CancellationFlag?

    /// A flag that is not set.
    public init() { followed = nil }

    /// A flag that counts as set when another one is, too.
    init(following other: CancellationFlag?) { followed = other }

    /// Whether ``cancel()`` has been called.
    public var isCancelled: Bool { flag.load(ordering: .relaxed) || followed?.isCancelled == true }

    /// Stops the operations that were given this flag; they throw `CancellationError`.
    public func cancel() { flag.store(true, ordering: .relaxed) }

    /// - Throws: `CancellationError` if the flag is set.
    package func check() throws(CancellationError) {
        if isCancelled { throw CancellationError() }
    }
}
