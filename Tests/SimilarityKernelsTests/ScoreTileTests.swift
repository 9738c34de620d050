// SPDX-License-Identifier: Apache-2.0
//
// ScoreTile and RowTile: the safe doors to the kernels. Queries: around `rowwiseQueryLimit`, where a tile changes from
// row-by-row scores to a GEMM. The same tile is loaded with larger and smaller shapes, since it keeps its memory. Inputs
// are exact integers, so scores are compared exactly.

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct ScoreTileTests {
    @Test("a tile scores, scans and looks again", arguments: GEMM.backends, ThresholdScan.backends)
    func tile(gemm: KernelBackend, vector: KernelBackend) throws {
        let dimension = 9
        let rows = clusteredRows(count: 70, dimension: dimension, seed: 3)
        let matrix = try packedRows(rows, as: .float32)
        let shifted = try packedRows(rows, as: .float32, byteOffset: 1)
        #expect(matrix.isDirect && !shifted.isDirect)
        let (queries, corpus, tile) = (RowTile(), RowTile(), ScoreTile())
        for (queryRange, rowRange) in [
            (0..<1, 0..<70), (3..<6, 5..<9), (2..<6, 0..<70), (0..<37, 1..<34), (7..<7, 0..<3), (0..<5, 4..<4),
        ] {
            for side in [matrix, shifted] {
                queries.load(queryRange, of: side, backend: vector)
                corpus.load(rowRange, of: matrix, backend: vector)
                tile.multiply(queries, corpus, gemm: gemm, vector: vector)
                for j in 0..<rowRange.count {
                    tile.norms[j] = 1
                    tile.offsets[j] = 0
                }
                for i in 0..<queryRange.count {
                    let expected = rowRange.map { Float(ScoreOracle.dot(rows[queryRange.lowerBound + i], rows[$0])) }
                    #expect((0..<rowRange.count).map { tile.score(i, $0) } == expected)
                    for first in [0, rowRange.count / 2, rowRange.count] where first <= rowRange.count {
                        let found = tile.scan(i, from: first, slope: 4, base: 1, backend: vector)
                        let survivors = (0..<found).map { tile.survivor($0, from: first) }
                        #expect(survivors == (first..<rowRange.count).filter { expected[$0] >= 5 })
                        #expect(survivors.allSatisfy { tile.survives(i, $0, slope: 4, base: 1) })
                    }
                }
            }
        }
    }

    @Test("norms and dot products of loaded rows are canonical", arguments: Verdict.backends)
    func rows(backend: KernelBackend) throws {
        var random = SplitMix64(seed: 8)
        let rows = (0..<11).map { _ in TestVectors.adversarial.values(13, using: &random) }
        let (a, b) = (RowTile(), RowTile())
        a.load(2..<11, of: try packedRows(rows, as: .float32), backend: backend)
        b.load(0..<7, of: try packedRows(rows, as: .float32, byteOffset: 1), backend: backend)
        for i in 0..<9 {
            #expect(a.norm(at: i) == ScoreOracle.dot(rows[i + 2], rows[i + 2]).squareRoot())
            for j in 0..<7 {
                #expect(a.dot(i, with: b, j, backend: backend) == ScoreOracle.dot(rows[i + 2], rows[j]))
                #expect(
                    a.squaredDistance(i, from: b, j, backend: backend)
                        == ScoreOracle.squaredDistance(rows[i + 2], rows[j])
                )
            }
        }
    }
}
