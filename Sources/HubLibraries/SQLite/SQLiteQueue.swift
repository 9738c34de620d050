// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Dispatch
internal import Synchronization

/// A connection on a queue of its own: calls wait for each other there, and hold no thread of the tasks meanwhile.
package final class SQLiteQueue: Sendable {
    private let queue: DispatchQueue
    private let connection: Mutex<SQLiteConnection>

    package init(_ connection: sending SQLiteConnection, name: String) {
        queue = DispatchQueue(label: name)
        self.connection = Mutex(connection)
    }

    /// What `body` gives of the connection.
    package func run<T: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.connection.withLock { try body($0) } }) }
        }
    }
}
#endif
