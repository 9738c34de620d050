// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The ways a kernel is written. Each kernel has a contract, a `reference` version and faster ones that keep to it.
package enum KernelBackend: String, CaseIterable, Sendable {
    /// Plain loops, to be checked by hand.
    case reference
    /// Swift SIMD types, compiled for the baseline instruction set: runs everywhere.
    case simd
    /// C with AVX2, FMA and F16C, where the processor has them.
    case avx2
    /// C with AVX-512 (F, BW, VL, DQ); so far only the GEMM tile has such a version.
    case avx512
    /// `cblas_sgemm` of OpenBLAS for the GEMM tile, its LAPACK for eigenvectors; only with the trait `OpenBLAS`.
    case openBLAS

    /// The backends that every kernel but GEMM and the eigensolver has on this machine, slowest first.
    package static let vectorBackends: [KernelBackend] =
        simile_has_avx2() ? [.reference, .simd, .avx2] : [.reference, .simd]

    /// The one choice for the verdict, the scan, the codes, dot products and conversions: made once a process, handed down as
    /// a value, so that no loop asks again.
    ///
    /// The environment variable `SIMILE_INSTRUCTION_SET` forces a level below the machine's: `reference`, `baseline` or `avx2`.
    /// It is for tests, and changes no result. What cannot be had ends the process: a test that asks for one level and
    /// silently gets another proves nothing.
    package static let fastestVector: KernelBackend = {
        let level = forcedLevel
        if let backend = vector(ofLevel: level) { return backend }
        let names = vectorBackends.map(\.level).joined(separator: ", ")
        fatalError("SIMILE_INSTRUCTION_SET is '\(level ?? "")'; expected one that this machine has: \(names)")
    }()

    /// What `SIMILE_INSTRUCTION_SET` asks for.
    static var forcedLevel: String? {
        unsafe getenv("SIMILE_INSTRUCTION_SET").map { unsafe String(cString: $0) }
    }

    /// The backend of an instruction-set level, or the fastest for nil and an empty name; nil if the level is unknown or the
    /// machine does not have it.
    package static func vector(ofLevel name: String?) -> KernelBackend? {
        guard let name, !name.isEmpty else { return vectorBackends.last }
        return vectorBackends.first { $0.level == name }
    }

    /// The name of the instruction-set level that a backend is compiled for.
    package var level: String {
        switch self {
        case .reference: "reference"
        case .simd: "baseline"
        case .avx2: "avx2"
        case .avx512: "avx512"
        case .openBLAS: "openblas"
        }
    }
}
