// SPDX-License-Identifier: Apache-2.0
//
// The other suites take their backends from the lists of the build, so a backend that fell off a list would never run
// and nobody would know. Here the lists are held against the build and the processor; and since the backends of a filter
// add in different orders, each must have last bits of its own on some input, or one of them is another in disguise.
// (Verdicts agree in all bits, so for them only the lists can be checked.)

import Foundation
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct BackendCoverageTests {
    @Test("the lists name what this build and processor have")
    func lists() throws {
        let blas: [KernelBackend]
        #if OpenBLAS
        blas = [.openBLAS]
        #expect(GEMM.preferred == (OpenBLASRuntime.knowsProcessor ? .openBLAS : GEMM.own))
        #expect(SymmetricEigen.backends == [.reference, .openBLAS] && SymmetricEigen.preferred == .openBLAS)
        #expect(OpenBLASRuntime.configuration.hasPrefix("OpenBLAS ") && !OpenBLASRuntime.core.isEmpty)
        #else
        blas = []
        #expect(GEMM.preferred == GEMM.own)
        #expect(SymmetricEigen.backends == [.reference] && SymmetricEigen.preferred == .reference)
        #endif
        #if arch(x86_64)
        let processor = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let flags = Set(
            processor.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ").map(String.init)
                ?? []
        )
        let hasAVX2 = flags.isSuperset(of: ["avx2", "fma", "f16c"])
        #expect(KernelBackend.vectorBackends == (hasAVX2 ? [.reference, .simd, .avx2] : [.reference, .simd]))
        let hasAVX512 = hasAVX2 && flags.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq"])
        #expect(GEMM.backends == KernelBackend.vectorBackends + (hasAVX512 ? [.avx512] : []) + blas)
        let forced = ProcessInfo.processInfo.environment["SIMILE_INSTRUCTION_SET"]
        #expect(KernelBackend.fastestVector.level == forced ?? (hasAVX2 ? "avx2" : "baseline"))
        #expect(GEMM.own.level == forced ?? (hasAVX512 ? "avx512" : hasAVX2 ? "avx2" : "baseline"))
        #endif
        for list in [Verdict.backends, DotRows.backends, ThresholdScan.backends] {
            #expect(list == KernelBackend.vectorBackends)
        }
    }

    @Test("a level is one that the machine has, or none")
    func levels() {
        #expect(KernelBackend.vector(ofLevel: nil) == KernelBackend.vectorBackends.last)
        #expect(KernelBackend.vector(ofLevel: "") == KernelBackend.vectorBackends.last)
        #expect(KernelBackend.vector(ofLevel: "reference") == .reference)
        #expect(KernelBackend.vector(ofLevel: "baseline") == .simd)
        let hasAVX2 = KernelBackend.vectorBackends.contains(.avx2)
        #expect(KernelBackend.vector(ofLevel: "avx2") == (hasAVX2 ? .avx2 : nil))
        for name in ["avx512", "AVX2", "simd", "openblas", " baseline"] {
            #expect(KernelBackend.vector(ofLevel: name) == nil, "\(name)")
        }
    }

    @Test("every backend of the GEMM tile is code of its own")
    func gemm() {
        var random = SplitMix64(seed: 21)
        let rows = (0..<64).map { _ in TestVectors.uniform.values(384, using: &random) }
        // OpenBLAS may cut the depth as one of ours does, and then has its bits; it is told apart by its calls.
        let own = GEMM.backends.filter { $0 != .openBLAS }
        let results = own.map { KernelCalls.gemm($0, rows, rows, depth: 384).map { $0.map(\.bitPattern) } }
        for i in results.indices {
            for j in 0..<i { #expect(results[i] != results[j], "\(own[i]) is \(own[j])") }
        }
    }

    @Test("every backend of the row scores is code of its own")
    func dotRows() {
        var random = SplitMix64(seed: 22)
        let rows = (0..<64).map { _ in TestVectors.uniform.values(384, using: &random) }
        let results = DotRows.backends.map {
            KernelCalls.dotRows($0, query: rows[0], rows: rows, stride: 384).map(\.bitPattern)
        }
        for i in results.indices {
            for j in 0..<i { #expect(results[i] != results[j], "\(DotRows.backends[i]) is \(DotRows.backends[j])") }
        }
    }

    @Test("every backend of the eigensolver is code of its own")
    func eigen() throws {
        var random = SplitMix64(seed: 23)
        let matrix = TestVectors.uniform.values(64 * 64, using: &random)
        let results = try SymmetricEigen.backends.map {
            try SymmetricEigen.decompose($0, matrix: matrix, order: 64).vectors.map(\.bitPattern)
        }
        for i in results.indices {
            for j in 0..<i {
                #expect(results[i] != results[j], "\(SymmetricEigen.backends[i]) is \(SymmetricEigen.backends[j])")
            }
        }
    }
}
