// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import System

/// How many threads an operation may use. The library has no pool: it makes the threads for a call and ends them.
public struct Workers: Sendable, Equatable {
    /// Threads, the caller's own among them; at least 1.
    public let count: Int

    /// - Precondition: `count >= 1`.
    public init(count: Int) {
        precondition(count >= 1, "\(count) workers")
        self.count = count
    }

    /// As many as the process may use: the smaller of its affinity mask and its control group's CPU quota.
    /// Asked of the system once a process.
    public static let available = Workers(count: min(affinity, quota ?? .max))

    /// Only the calling thread.
    public static let single = Workers(count: 1)

    /// One for jobs that end sooner than a thread starts, else all.
    func useful(queryCount: Int, rowCount: Int, depth: Int) -> Int {
        Double(queryCount) * Double(rowCount) * Double(depth) < 4e6 ? 1 : count
    }

    /// Processors in the affinity mask.
    package static var affinity: Int { ProcessorCount.affinity }
    /// Processors that the control group's quota allows, if there is one.
    package static var quota: Int? { ProcessorCount.groupQuota }
}

/// The one global setting that OpenBLAS has. The library never changes it unasked.
///
/// Simile's workers each call OpenBLAS with tiles; if OpenBLAS then used threads of its own they would fight for the same
/// cores (and OpenBLAS serializes such calls with a lock). A program that uses ``Engine/blas`` calls
/// ``useOneThread()`` once at its start, or sets `OPENBLAS_NUM_THREADS=1`. Results are right either way.
public enum BLAS {
    /// Puts OpenBLAS to one thread for the whole process and returns what it reads back; 0 in a build without OpenBLAS.
    @discardableResult
    public static func useOneThread() -> Int {
        #if OpenBLAS
        OpenBLASRuntime.setThreadCount(1)
        #else
        0
        #endif
    }

    /// Threads of one OpenBLAS call now; 0 in a build without OpenBLAS.
    public static var threadCount: Int {
        #if OpenBLAS
        OpenBLASRuntime.threadCount
        #else
        0
        #endif
    }

    /// Version and build options of OpenBLAS as it tells them, or nil in a build without it.
    public static var configuration: String? {
        #if OpenBLAS
        OpenBLASRuntime.configuration
        #else
        nil
        #endif
    }

    /// The kernels that OpenBLAS chose for this processor, e.g. `Zen`, or nil in a build without it.
    public static var core: String? {
        #if OpenBLAS
        OpenBLASRuntime.core
        #else
        nil
        #endif
    }

    /// One line that says that OpenBLAS takes this processor for an older one, what is done instead and how to mend it; nil if it
    /// knows the processor, or in a build without it.
    ///
    /// ``Engine/auto``, rotations and encoders then use the package's own kernels; only ``Engine/blas`` still calls OpenBLAS.
    public static let warning: String? = {
        #if OpenBLAS
        guard OpenBLASRuntime.isBelowLevel else { return nil }
        return """
            OpenBLAS takes this processor for '\(OpenBLASRuntime.core)', an older one; products are made by our own kernels \
            (\(GEMM.preferred)) instead. OPENBLAS_CORETYPE=\(OpenBLASRuntime.remedy) or a later OpenBLAS gives it back its speed
            """
        #else
        return nil
        #endif
    }()

    /// The files that are loaded as OpenBLAS, BLAS and LAPACK, or nil in a build without them.
    package static var libraries: LoadedLibraries? {
        #if OpenBLAS
        LoadedLibraries.current
        #else
        nil
        #endif
    }
}
