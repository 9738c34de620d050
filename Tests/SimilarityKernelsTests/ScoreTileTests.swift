// SPDX-License-Identifier: Apache-2.0
//
// ScoreTile and RowTile: the safe doors to the kernels. Queries: around `rowwiseQueryLimit`, where a tile changes from
// row-by-row scores to a GEMM. The same tile is loaded with larger and smaller shapes, since it keeps its memory. Inputs
// are exact integers, so scores are compared exactly.

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct ScoreTileTests {
    @Test("a tile scores, scans and looks again", arguments: GEMM.providers, KernelLevel.available)
    func tile(gemm: GEMM.Provider, level: KernelLevel) throws {
        let dimension = 9
        let rows = clusteredRows(count: 70, dimension: dimension, seed: 3)
        let matrix = try packedRows(rows, as: .float32)
        let shifted = try packedRows(rows, as: .float32, byteOffset: 1)
        #expect(matrix.isDirect && !shifted.isDirect)
        var queries = RowTile()
        var corpus = RowTile()
        var tile = ScoreTile()
        let shapes = [
            (0..<1, 0..<70), (3..<6, 5..<9), (2..<6, 0..<70), (0..<37, 1..<34), (7..<7, 0..<3), (0..<5, 4..<4),
        ]
        for (queryRange, rowRange) in shapes {
            for side in [matrix, shifted] {
                queries.load(queryRange, of: side, level: level)
                tile.multiply(queries, &corpus, loading: rowRange, of: side, gemm: gemm, level: level)
                #expect(corpus.rows == rowRange)
                for j in 0..<rowRange.count { tile.setColumn(j, norm: 1, offset: 0) }
                for i in 0..<queryRange.count {
                    let expected = rowRange.map { Float(ScoreOracle.dot(rows[queryRange.lowerBound + i], rows[$0])) }
                    for j in 0..<rowRange.count { #expect(tile.score(i, j) == expected[j]) }
                    for first in [0, rowRange.count / 3, rowRange.count] {
                        for last in [first, (first + rowRange.count) / 2, rowRange.count] where last >= first {
                            let found = tile.scan(i, first..<last, slope: 4, base: 1, level: level)
                            var survivors: [Int] = []
                            for s in 0..<found { survivors.append(tile.survivor(s)) }
                            #expect(survivors == (first..<last).filter { expected[$0] >= 5 })
                            for j in first..<last {
                                let survives = tile.survives(i, j, slope: 4, base: 1)
                                #expect(survives == (expected[j] >= 5))
                            }
                        }
                    }
                }
                for j in 0..<rowRange.count {
                    let row = rows[rowRange.lowerBound + j]
                    #expect(corpus.norm(at: j) == ScoreOracle.dot(row, row).squareRoot())
                }
            }
        }
    }

    @Test("norms and dot products of loaded rows are canonical", arguments: KernelLevel.available)
    func rows(level: KernelLevel) throws {
        var random = SplitMix64(seed: 8)
        let rows = (0..<11).map { _ in TestVectors.adversarial.values(13, using: &random) }
        var a = RowTile()
        var b = RowTile()
        a.load(2..<11, of: try packedRows(rows, as: .float32), level: level)
        b.load(0..<7, of: try packedRows(rows, as: .float32, byteOffset: 1), level: level)
        for i in 0..<9 {
            #expect(a.norm(at: i) == ScoreOracle.dot(rows[i + 2], rows[i + 2]).squareRoot())
            for j in 0..<7 {
                let dot = a.dot(i, with: b, j, level: level)
                let distance = a.squaredDistance(i, from: b, j, level: level)
                #expect(dot == ScoreOracle.dot(rows[i + 2], rows[j]))
                #expect(distance == ScoreOracle.squaredDistance(rows[i + 2], rows[j]))
            }
        }
    }

    @Test("a tile knows whether all its rows are valid", arguments: KernelLevel.available)
    func validity(level: KernelLevel) throws {
        let good: [Float] = [1e18, 9e18, 0]
        let bad: [[Float]] = [[.nan, 0, 0], [0, 0, -.infinity], [9e18, 9e18, 0], [.greatestFiniteMagnitude, 0, 0]]
        var query = RowTile()
        var tile = RowTile()
        var scores = ScoreTile()
        query.load(0..<1, of: try packedRows([good], as: .float32), level: level)
        for row in bad {
            for place in 0..<6 {
                var rows = Array(repeating: good, count: 6)
                rows[place] = row
                let storage = try packedRows(rows, as: .float32)
                for range in [0..<6, 0..<place, place + 1..<6, place..<place + 1] {
                    tile.load(range, of: storage, level: level)
                    #expect(tile.isValid == !range.contains(place))
                    scores.multiply(query, &tile, loading: range, of: storage, gemm: .own(.reference), level: level)
                    #expect(tile.isValid == !range.contains(place))
                }
            }
        }
    }
}
