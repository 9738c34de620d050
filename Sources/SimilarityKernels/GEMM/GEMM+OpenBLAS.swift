// SPDX-License-Identifier: Apache-2.0

// The one file that imports OpenBLAS.

#if OpenBLAS
internal import COpenBLAS
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Room for the buffers of OpenBLAS, of which it takes one for each thread that multiplies at once and keeps it. Where the system refuses one
/// (`ulimit -v`), it asks again for ever.
enum OpenBLASRoom {
    /// What a buffer takes in the builds of distributions.
    private static let bufferBytes = 128 << 20
    /// Threads whose buffers there was room for.
    private static let proven = Mutex(0)

    /// Whether so many threads can have a buffer each; looked at once for each number of them.
    static func isThere(threads: Int) -> Bool {
        proven.withLock { proven in
            if threads <= proven { return true }
            let bytes = (threads - proven) * bufferBytes
            guard let place = unsafe mmap(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
                unsafe place != MAP_FAILED
            else { return false }
            unsafe munmap(place, bytes)
            proven = threads
            return true
        }
    }
}

extension GEMM {
    static func openBLASMultiply(
        a: UnsafePointer<Float>,
        aStride: Int,
        rows: Int,
        b: UnsafePointer<Float>,
        bStride: Int,
        columns: Int,
        depth: Int,
        c: UnsafeMutablePointer<Float>,
        cStride: Int
    ) {
        OpenBLASRuntime.useOneThread()
        // beta == 0: OpenBLAS clears C before it adds, so C may hold anything.
        unsafe cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            blasint(rows),
            blasint(columns),
            blasint(depth),
            1,
            a,
            blasint(aStride),
            b,
            blasint(bStride),
            0,
            c,
            blasint(cStride)
        )
    }

    /// C <- A^T A for row-major A (rows x columns): the lower triangle of C, which is written and never read.
    static func openBLASScatter(
        _ a: UnsafePointer<Double>,
        rows: Int,
        columns: Int,
        into c: UnsafeMutablePointer<Double>
    ) {
        OpenBLASRuntime.useOneThread()
        unsafe cblas_dsyrk(
            CblasRowMajor,
            CblasLower,
            CblasTrans,
            blasint(columns),
            blasint(rows),
            1,
            a,
            blasint(columns),
            0,
            c,
            blasint(columns)
        )
    }
}

/// What is known of the OpenBLAS that the process is linked to, and its one global setting.
package enum OpenBLASRuntime {
    /// Version and build options as the library tells them, e.g. `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...`.
    package static var configuration: String { unsafe openblas_get_config().map { unsafe String(cString: $0) } ?? "" }

    /// The kernel set that OpenBLAS chose for this processor, e.g. `Zen`.
    package static var core: String { unsafe openblas_get_corename().map { unsafe String(cString: $0) } ?? "" }

    /// Whether the kernels are narrower than those of the level of this process: an OpenBLAS that is older than the processor takes
    /// it for one of its ancestors (0.3.21, Debian 12's, takes newer Intel ones for a "Prescott", with SSE3), and then runs at a
    /// fraction of its speed. A core that we do not know is believed.
    package static var isBelowLevel: Bool {
        KernelLevel.current.olderBLASCores.contains(core)
    }

    /// The core that OpenBLAS should be told to take, for a person: the widest that all versions have.
    package static var remedy: String { KernelLevel.current.remedyBLASCore }

    /// How many threads one OpenBLAS call may use now.
    package static var threadCount: Int { Int(openblas_get_num_threads()) }

    private static let keepsThreads = Atomic<Bool>(false)
    private static let oneThread: Void = {
        if !keepsThreads.load(ordering: .relaxed) { openblas_set_num_threads(1) }
    }()

    /// Puts OpenBLAS to one thread, once a process, in front of every call of it: callers are workers, and each has a tile of its own.
    package static func useOneThread() { _ = oneThread }

    /// Makes ``useOneThread()`` do nothing, if it has not been called.
    package static func keepThreads() { keepsThreads.store(true, ordering: .relaxed) }
}
#endif
