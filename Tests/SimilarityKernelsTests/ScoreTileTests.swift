// SPDX-License-Identifier: Apache-2.0
//
// ScoreTile and RowTile: the safe doors to the kernels. Queries: around `rowwiseQueryLimit`, where a tile changes from
// row-by-row scores to a GEMM. The same tile is loaded with larger and smaller shapes, since it keeps its memory. Inputs
// are exact integers, so scores are compared exactly.

import SimilarityKernels
import Testing
import VectorTestSupport

/// Rows of floats as a storage, direct or one byte off (then they are copied).
func storage(_ rows: [[Float]], dimension: Int, misaligned: Bool = false) throws -> RowStorage {
    let bytes = SharedBytes(copying: Array(rows.joined()) + [0])
    guard misaligned else {
        return try #require(
            RowStorage(
                bytes: bytes,
                elementType: .float32,
                rowCount: rows.count,
                dimension: dimension,
                byteOffset: 0,
                rowByteStride: 4 * dimension
            )
        )
    }
    // The same bits, moved by one byte.
    var raw: [UInt8] = [0]
    for value in rows.joined() {
        for shift in [0, 8, 16, 24] { raw.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift))) }
    }
    return try packed(raw, .float32, rowCount: rows.count, dimension: dimension, byteOffset: 1)
}

/// Raw bytes as a storage.
func packed(
    _ raw: [UInt8],
    _ type: ElementType,
    rowCount: Int,
    dimension: Int,
    byteOffset: Int
) throws -> RowStorage {
    var words: [Float] = []
    for start in stride(from: 0, to: raw.count, by: 4) {
        var bits: UInt32 = 0
        for i in 0..<4 where start + i < raw.count { bits |= UInt32(raw[start + i]) << UInt32(8 * i) }
        words.append(Float(bitPattern: bits))
    }
    return try #require(
        RowStorage(
            bytes: SharedBytes(copying: words),
            elementType: type,
            rowCount: rowCount,
            dimension: dimension,
            byteOffset: byteOffset,
            rowByteStride: dimension * type.byteCount
        )
    )
}

@Suite struct ScoreTileTests {
    @Test("a tile scores, scans and looks again", arguments: GEMM.backends, ThresholdScan.backends)
    func tile(gemm: KernelBackend, vector: KernelBackend) throws {
        let dimension = 9
        let rows = clusteredRows(count: 70, dimension: dimension, seed: 3)
        let matrix = try storage(rows, dimension: dimension)
        let shifted = try storage(rows, dimension: dimension, misaligned: true)
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
        a.load(2..<11, of: try storage(rows, dimension: 13), backend: backend)
        b.load(0..<7, of: try storage(rows, dimension: 13, misaligned: true), backend: backend)
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
