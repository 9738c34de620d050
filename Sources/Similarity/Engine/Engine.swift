// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// The filter in front of the verdict, and so the speed of an operation. Never its result: for the same vectors every
/// engine gives the same bytes.
public enum Engine: String, CaseIterable, Sendable {
    /// A plan made from a sample of the data: ``bounded`` where that will be faster, else ``blas``, or ``simd`` without the
    /// trait `OpenBLAS` and where OpenBLAS does not know the processor.
    case auto
    /// Tiles of single-precision products by `cblas_sgemm`.
    case blas
    /// Integer products of short codes, with a proven bound, in front of the verdict: searches and joins below the cost of the
    /// matrix multiply where the data lets it. Vectors of more than 16,384 dimensions are compared as by ``blas``.
    case bounded
    /// The same tiles by kernels of this package: C at AVX2 and AVX-512, Swift SIMD below.
    case simd
    /// No filter: a verdict for every pair, in plain loops. The oracle of the others.
    case reference

    /// Engines of this build, without ``auto``.
    public static var available: [Engine] {
        GEMM.providers.contains(.openBLAS) ? [.reference, .simd, .blas, .bounded] : [.reference, .simd, .bounded]
    }

    /// The engine that does the work: ``auto`` replaced by what it falls back to where there is nothing to plan.
    ///
    /// - Precondition: the engine is in ``available``.
    public var resolved: Engine {
        let engine = self == .auto ? (GEMM.preferred == .openBLAS ? .blas : .simd) : self
        precondition(Engine.available.contains(engine), "engine \(engine) needs the package trait OpenBLAS")
        return engine
    }

    /// Whether codes may be used where there are some.
    package var mayUseCodes: Bool { self == .auto || self == .bounded }

    /// The kernels of a resolved engine: for tiles, and for everything else.
    func kernels(at level: KernelLevel) -> (gemm: GEMM.Provider, level: KernelLevel) {
        switch self {
        case .reference: (.own(.reference), .reference)
        case .simd: (.own(level), level)
        case .blas: (.openBLAS, level)
        case .bounded, .auto: (GEMM.preferred, level)
        }
    }
}
