// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization
internal import System

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Samples the unshared memory of the process from a thread of its own.
final class MemorySampler: Sendable {
    private let before = SystemMemory.unshared ?? 0
    private let peak = Mutex(0)
    private let isStopped = Atomic<Bool>(false)

    init() {
        DispatchQueue.global(qos: .userInteractive).async { [self] in
            while !isStopped.load(ordering: .relaxed) {
                sample()
                usleep(2000)
            }
        }
    }

    /// Bytes at the start and at the highest sample.
    func stop() -> (before: Int, peak: Int) {
        sample()
        isStopped.store(true, ordering: .relaxed)
        return (before, peak.withLock { $0 })
    }

    private func sample() {
        let now = SystemMemory.unshared ?? 0
        peak.withLock { $0 = max($0, now) }
    }
}
