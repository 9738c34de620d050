// SPDX-License-Identifier: Apache-2.0
//
// The table of levels: it names what the processor has, every entry of every level that this machine runs is called by the
// operation that it is for and agrees with the reference, and levels that the machine lacks are named. Integer kernels and
// verdicts agree in all bits, so no other test would notice an entry that is never reached: here each is replaced by a spy.

import Foundation
import SimilarityKernels
import Synchronization
import Testing
import VectorTestSupport

@Suite(.serialized) struct LevelTableTests {
    @Test func `the levels are those of the processor`() throws {
        #if arch(x86_64)
        let processor = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let flags = Set(
            processor.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ").map(String.init)
                ?? []
        )
        let needs: [(String, Set<String>)] = [
            ("avx2", ["avx2", "fma", "f16c", "popcnt"]),
            ("avx512", ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"]),
            ("amx", ["amx_tile", "amx_int8"]),
        ]
        var expected = ["reference", "baseline"]
        for (name, needed) in needs where flags.isSuperset(of: needed) { expected.append(name) }
        #expect(KernelLevel.all.map(\.name) == ["reference", "baseline", "avx2", "avx512", "amx"])
        #else
        let expected = ["reference", "baseline"]
        #expect(KernelLevel.all.map(\.name) == expected)
        #endif
        #expect(KernelLevel.available.map(\.name) == expected)
        let forced = ProcessInfo.processInfo.environment["SIMILE_INSTRUCTION_SET"] ?? ""
        #expect(KernelLevel.current.name == (forced.isEmpty ? expected.last : forced))
        for level in KernelLevel.all where !level.isSupported {
            print("kernel level \(level) was not run: this machine lacks \(level.requirement)")
        }
    }

    @Test func `a level is one that the machine has, or an error that names those`() throws {
        #expect(try KernelLevel.named(nil) == KernelLevel.available.last)
        #expect(try KernelLevel.named("") == KernelLevel.available.last)
        for level in KernelLevel.all {
            if level.isSupported {
                #expect(try KernelLevel.named(level.name) == level)
            } else {
                let error = #expect(throws: KernelLevel.UnknownLevel.self) { try KernelLevel.named(level.name) }
                #expect(error?.description.contains("needs \(level.requirement)") == true)
            }
        }
        for name in ["AVX2", "simd", "openblas", " baseline"] {
            let error = #expect(throws: KernelLevel.UnknownLevel.self) { try KernelLevel.named(name) }
            #expect(error?.description.contains("'\(name)', which is none; expected one") == true)
        }
    }

    @Test(arguments: KernelLevel.available, Kernel.allCases)
    func `every entry of the table runs, and agrees with the reference`(level: KernelLevel, kernel: Kernel) {
        #expect(KernelProbe.run(kernel, at: level) == KernelProbe.run(kernel, at: .reference))
        KernelSpy.calls.withLock { $0 = [] }
        var spied = level
        KernelSpy.replace(kernel, of: &spied.kernels)
        #expect(spied.kernels.address(of: kernel) != level.kernels.address(of: kernel))
        _ = KernelProbe.run(kernel, at: spied)
        #expect(KernelSpy.calls.withLock { $0 }.contains(kernel), "\(kernel) of \(level) was not called")
    }

    @Test func `providers of the multiply are those of the build`() {
        let own = KernelLevel.available.map { GEMM.Provider.own($0) }
        #if OpenBLAS
        #expect(GEMM.providers == own + [.openBLAS])
        #expect(GEMM.preferred == (OpenBLASRuntime.isBelowLevel ? GEMM.own : .openBLAS))
        #expect(SymmetricEigen.providers == [.reference, .openBLAS] && SymmetricEigen.preferred == .openBLAS)
        #expect(OpenBLASRuntime.configuration.hasPrefix("OpenBLAS ") && !OpenBLASRuntime.core.isEmpty)
        #else
        #expect(GEMM.providers == own && GEMM.preferred == GEMM.own)
        #expect(SymmetricEigen.providers == [.reference] && SymmetricEigen.preferred == .reference)
        #endif
        #expect(GEMM.own == .own(.current))
    }

    @Test func `every provider of the eigensolver is code of its own`() throws {
        var random = SplitMix64(seed: 23)
        let matrix = TestVectors.uniform.values(64 * 64, using: &random)
        let results = try SymmetricEigen.providers.map {
            try SymmetricEigen.decompose($0, matrix: matrix, order: 64).vectors.map(\.bitPattern)
        }
        #expect(Set(results).count == SymmetricEigen.providers.count)
    }
}
