// SPDX-License-Identifier: Apache-2.0
//
// Components in and out by spans: the same as by arrays, of every element type, and without a copy where that is said.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct SpanTests {
    private static let rows = embeddingLikeRows(count: 7, dimension: 5, seed: 3)

    @Test func `what is written in place is what is read`() throws {
        let values = Array(Self.rows.joined())
        let written = VectorMatrix(rowCount: 7, dimension: 5) { span in
            for i in values.indices { span[i] = values[i] }
        }
        let copied = VectorMatrix(copying: values.span, dimension: 5)
        for row in 0..<7 {
            #expect(written[row] == Self.rows[row] && copied[row] == Self.rows[row])
            #expect(written.withRow(row) { span in (0..<span.count).map { span[$0] } } == Self.rows[row])
        }
        #expect(copied.withValues { span in (0..<span.count).map { span[$0] } } == values)
        struct GivenUp: Error {}
        #expect(throws: GivenUp.self) {
            try VectorMatrix(rowCount: 1, dimension: 1) { _ throws(GivenUp) in throw GivenUp() }
        }
    }

    @Test(arguments: ElementType.allCases) func `rows of every type come out as floats`(type: ElementType) throws {
        let whole = VectorMatrix(storage: try packedRows([[1, 2, 3], [4, 5, 6], [7, 8, 9]], as: type))
        for part in [whole, whole[1..<3], whole[3..<3]] {
            for row in 0..<part.rowCount {
                #expect(part.withRow(row) { span in (0..<span.count).map { span[$0] } } == part[row])
            }
            let all = part.withValues { span in (0..<span.count).map { span[$0] } }
            #expect(all == (0..<part.rowCount).flatMap { part[$0] })
        }
    }

    @Test func `some rows keep their ids`() {
        let ids = (0..<7).map { RowID.integer(Int64(10 * $0)) }
        let matrix = VectorMatrix(rows: Self.rows, ids: ids)
        #expect(matrix[2..<4].ids == [.integer(20), .integer(30)] && matrix[2..<4][1] == Self.rows[3])
        let chosen = matrix.selecting([6, 0, 6])
        #expect(chosen.ids == [.integer(60), .integer(0), .integer(60)] && chosen[2] == Self.rows[6])
        let found = try? matrix.selfNearest(k: 2)
        #expect(found?.queryIDs == ids && found?.corpusIDs == ids)
        let joined = try? matrix[0..<3].join(matrix, threshold: -1)
        #expect(joined?.leftIDs == Array(ids.prefix(3)) && joined?.rightIDs == ids && joined?.leftRowCount == 3)
        #expect((try? matrix.selfJoin(threshold: -1))?.ids == ids)
    }
}
