// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// The filter in front of the verdict, and so the speed of an operation. Never its result: for the same vectors every
/// engine gives the same bytes.
///
/// New engines may be added; an operation throws ``SimilarityError`` (`noEngine`) where one is not in this build.
public struct Engine: Sendable, Hashable, CustomStringConvertible {
    /// The name, as the command line has it.
    public let name: String

    /// A plan made from a sample of the data: ``bounded`` where that will be faster, else ``blas``, or ``simd`` without the
    /// trait `OpenBLAS` and where OpenBLAS does not know the processor.
    public static let auto = Engine(naming: "auto")
    /// Tiles of single-precision products by `cblas_sgemm`.
    public static let blas = Engine(naming: "blas")
    /// Integer products of short codes, with a proven bound, in front of the verdict: searches and joins below the cost of the
    /// matrix multiply where the data lets it. Vectors of more than 16,384 dimensions are compared as by ``blas``.
    public static let bounded = Engine(naming: "bounded")
    /// The same tiles by kernels of this package: C at AVX2 and AVX-512, Swift SIMD below.
    public static let simd = Engine(naming: "simd")
    /// No filter: a verdict for every pair, in plain loops. The oracle of the others.
    public static let reference = Engine(naming: "reference")

    /// Engines of this build, without ``auto``.
    public static let available: [Engine] =
        GEMM.providers.contains(.openBLAS) ? [.reference, .simd, .blas, .bounded] : [.reference, .simd, .bounded]

    /// All engines that there are, in this build or not.
    package static let all: [Engine] = [.auto, .blas, .bounded, .simd, .reference]

    private init(naming name: String) { self.name = name }

    /// The engine of a name; nil if there is none.
    public init?(name: String) {
        guard let engine = Engine.all.first(where: { $0.name == name }) else { return nil }
        self = engine
    }

    /// The name.
    public var description: String { name }

    /// What ``auto`` falls back to where there is nothing to plan.
    package static var fallback: Engine { GEMM.preferred == .openBLAS ? .blas : .simd }

    /// The engine that does the work: ``auto`` replaced by what it falls back to.
    ///
    /// - Throws: ``SimilarityError`` if this build does not have it.
    package func resolved() throws(SimilarityError) -> Engine {
        let engine = self == .auto ? .fallback : self
        guard Engine.available.contains(engine) else { throw .noEngine(engine) }
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
        default: (GEMM.preferred, level)
        }
    }
}
