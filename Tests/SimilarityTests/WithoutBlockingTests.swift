// SPDX-License-Identifier: Apache-2.0
//
// Operations from asynchronous functions: the same result, on a thread that is not the pool's, and an end with the task.

import Similarity
import Synchronization
import Testing
import VectorTestSupport

@Suite struct WithoutBlockingTests {
    private static let corpus = VectorMatrix(rows: embeddingLikeRows(count: 3000, dimension: 48, seed: 17))

    @Test func `the result is that of the operation itself, and errors are its errors`() async throws {
        let corpus = Self.corpus
        let found = try await withoutBlocking { try corpus.selfNearest(k: 4, options: $0) }
        #expect(try found == corpus.selfNearest(k: 4))
        await #expect(throws: SimilarityError.self) {
            try await withoutBlocking { try corpus.nearest(to: VectorMatrix(rows: [[1, 2]]), k: 1, options: $0) }
        }
    }

    /// More operations at once than the pool has threads, each of which waits for all others to have begun: on the pool they would wait for ever.
    @Test func `no thread of the pool is held`() async throws {
        let count = 64
        let begun = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await withoutBlocking { options in
                        begun.add()
                        while begun.value < count {
                            if options.cancellation?.isCancelled == true { throw CancellationError() }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(begun.value == count)
    }

    @Test func `an operation ends when its task is cancelled, and when the caller's own flag is set`() async throws {
        let corpus = Self.corpus
        let begun = CancellationFlag()
        let work = Task {
            try await withoutBlocking { options in
                begun.cancel()
                while true { _ = try corpus.selfNearest(k: 10, options: options) }
            }
        }
        while !begun.isCancelled { await Task.yield() }
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        let flag = CancellationFlag()
        flag.cancel()
        await #expect(throws: CancellationError.self) {
            try await withoutBlocking(RunOptions(cancellation: flag)) { try corpus.selfNearest(k: 1, options: $0) }
        }
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}
