// SPDX-License-Identifier: Apache-2.0
//
// A new level is functions and one entry: here is one, made of the functions of others, that nothing in the package has heard of.

import Similarity
import SimilarityKernels
import Synchronization
import Testing
import VectorTestSupport

private let tileCalls = Atomic<Int>(0)
private let verdictCalls = Atomic<Int>(0)

@Suite(.serialized) struct AddedLevelTests {
    private static func added(codes: CodeProfile) -> KernelLevel {
        KernelLevel.baseline.overridden(
            as: "added",
            requirement: "a test",
            isSupported: true,
            codes: codes
        ) { kernels in
            unsafe kernels.codeTile = { tile, panel, survivors, capacity in
                tileCalls.add(1, ordering: .relaxed)
                return unsafe KernelLevel.reference.kernels.codeTile(tile, panel, survivors, capacity)
            }
            unsafe kernels.verdictDot = { a, b, depth in
                verdictCalls.add(1, ordering: .relaxed)
                return unsafe KernelLevel.reference.kernels.verdictDot(a, b, depth)
            }
        }
    }

    /// Codes of either size: those of 16-bit sums, and full bytes, which the plain loops add as well.
    @Test(arguments: CodeProfile.all) func `one entry makes a level that all engines run`(codes: CodeProfile) throws {
        let level = Self.added(codes: codes)
        #expect(level.below == "baseline" && level.permitted == level && level.isPermitted && level.refusal == nil)
        #expect(level.olderBLASCores == KernelLevel.baseline.olderBLASCores)
        var random = SplitMix64(seed: 31)
        let rows = HostileRows.decaying.make(1_200, dimension: 40, random: &random)
        let matrix = VectorMatrix(rows: rows)
        for engine in [Engine.simd, .bounded] {
            var options = RunOptions(engine: engine, workers: Workers(count: 2))
            let plain = RunOptions(engine: .reference)
            options.level = level
            tileCalls.store(0, ordering: .relaxed)
            verdictCalls.store(0, ordering: .relaxed)
            let found = try matrix.nearest(to: matrix, k: 5, excludingSelf: true, options: options)
            let expected = try matrix.nearest(to: matrix, k: 5, excludingSelf: true, options: plain)
            #expect(found.rows == expected.rows && found.scores == expected.scores, "\(engine)")
            let joined = try matrix.selfJoin(threshold: 0.8, options: options)
            #expect(joined.pairs == (try matrix.selfJoin(threshold: 0.8, options: plain).pairs))
            let clusters = try matrix.clusters(30, options: options)
            #expect(clusters.labels == (try matrix.clusters(30, options: plain).labels))
            #expect((tileCalls.load(ordering: .relaxed) > 0) == (engine == .bounded))
            #expect(engine == .simd || verdictCalls.load(ordering: .relaxed) > 0)
        }
    }
}
