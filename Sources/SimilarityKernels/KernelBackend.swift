// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// The ways a kernel is written. Each kernel has a contract, a `reference` version and faster ones that keep to it.
package enum KernelBackend: String, CaseIterable, Sendable {
    /// Plain loops, to be checked by hand.
    case reference
    /// Swift SIMD types, compiled for the baseline instruction set: runs everywhere.
    case simd
    /// C with AVX2, FMA and F16C, where the processor has them.
    case avx2
    /// `cblas_sgemm` of OpenBLAS for the GEMM tile, its LAPACK for eigenvectors; only with the trait `OpenBLAS`.
    case openBLAS

    /// The backends that every kernel but GEMM and the eigensolver has on this machine, slowest first.
    package static let vectorBackends: [KernelBackend] =
        simile_has_avx2() ? [.reference, .simd, .avx2] : [.reference, .simd]

    /// The one choice for the verdict, the scan, dot products and conversions: made once a process, handed down as a
    /// value, so that no loop asks again.
    package static let fastestVector: KernelBackend = simile_has_avx2() ? .avx2 : .simd
}
