// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Calls `body(0)` ... `body(count - 1)`, each on a thread of its own (worker 0 on the caller's), and waits for all.
///
/// Threads are made for the call and end with it: some tens of microseconds each, nothing against a job that is worth
/// a second worker, and no pool that outlives its user. If the system refuses a thread, the caller's thread does that
/// worker's part after its own: slower, never wrong.
package func runWorkers(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count <= 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
        var threads: [pthread_t] = []
        var refused: [Int] = []
        for index in 1..<count {
            if let thread = startThread(index, body) { threads.append(thread) } else { refused.append(index) }
        }
        body(0)
        for index in refused { body(index) }
        for thread in threads { pthread_join(thread, nil) }
    }
}

/// Calls `body` on a thread of its own, and does not wait; false, and nothing is done, if the system refuses one.
package func runDetached(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = startThread(0, { _ in body() }) else { return false }
    pthread_detach(thread)
    return true
}

/// Starts a thread that calls `body` with an index; nil if the system refuses one.
private func startThread(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) -> pthread_t? {
    let start = unsafe Unmanaged.passRetained(WorkerStart(index: index, body: body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread,
        nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let start = unsafe Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue()
            start.body(start.index)
            return nil
        },
        start.toOpaque()
    )
    if status == 0 { return thread }
    unsafe start.release()
    return nil
}

/// Lets another thread run; for a wait that is known to be short.
package func yieldProcessor() { sched_yield() }

/// Waits for a tenth of a second; for a wait for another process.
package func sleepBriefly() { usleep(100_000) }

private final class WorkerStart {
    let index: Int
    let body: @Sendable (Int) -> Void

    init(index: Int, body: @escaping @Sendable (Int) -> Void) {
        self.index = index
        self.body = body
    }
}

/// The results of `body(0)` ... `body(count - 1)` in order, computed by at most `workers` threads that take the next
/// index when they are free. After the first error no new index is taken; the error of the lowest index is thrown.
package func concurrentMap<T: Sendable>(
    count: Int,
    workers: Int,
    _ body: @Sendable (Int) throws -> T
) throws -> [T] {
    let next = Atomic<Int>(0)
    let failed = Atomic<Bool>(false)
    let results = Mutex<[Result<T, any Error>?]>(Array(repeating: nil, count: count))
    runWorkers(max(1, min(workers, count))) { _ in
        while !failed.load(ordering: .relaxed) {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            let result = Result { try body(index) }
            if case .failure = result { failed.store(true, ordering: .relaxed) }
            results.withLock { $0[index] = result }
        }
    }
    // Indices are taken in order, so every one below a failed one has a result.
    var values: [T] = []
    values.reserveCapacity(count)
    for case .some(let result) in results.withLock({ $0 }) { values.append(try result.get()) }
    return values
}
