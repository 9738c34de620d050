// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

/// What the process computes with: OpenBLAS, and the one global setting that it has.
///
/// Simile's workers each call OpenBLAS with tiles; if OpenBLAS then used threads of its own they would fight for the same
/// cores (and OpenBLAS serializes such calls with a lock). So the library puts OpenBLAS to one thread, for the whole process, when it first calls it.
/// A program that multiplies by OpenBLAS itself and wants its threads calls ``keepBLASThreads()`` before; results are right either way.
public enum SimilarityRuntime {
    /// Leaves the number of threads of OpenBLAS as it is. Of no effect after the first product.
    public static func keepBLASThreads() {
        #if OpenBLAS
        OpenBLASRuntime.keepThreads()
        #endif
    }

    /// Threads of one OpenBLAS call of the library: 1, unless they are kept; 0 in a build without OpenBLAS.
    public static var blasThreadCount: Int {
        #if OpenBLAS
        OpenBLASRuntime.useOneThread()
        return OpenBLASRuntime.threadCount
        #else
        return 0
        #endif
    }

    /// Version and build options of OpenBLAS as it tells them, or nil in a build without it.
    public static var blasConfiguration: String? {
        #if OpenBLAS
        OpenBLASRuntime.configuration
        #else
        nil
        #endif
    }

    /// The kernels that OpenBLAS chose for this processor, e.g. `Zen`, or nil in a build without it.
    public static var blasCore: String? {
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
    public static let blasWarning: String? = {
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
