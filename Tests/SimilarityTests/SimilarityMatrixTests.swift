// SPDX-License-Identifier: Apache-2.0
//
// The dense matrix: symmetric in all bits, its diagonal, zero rows, the same bytes at 1, 2 and 3 workers, and errors
// within the documented bound against `Double`: dot `g |q||x|`, cosine `g`, distance a factor `1 + 32 g`; to each comes
// half a unit of the last place for the rounding of the value itself. Sizes: over one planned block of 512 rows and a few
// rows. OpenBLAS is put to one thread, as the documentation asks of programs. Out of scope: equal bytes across engines.

import Similarity
import Testing
import VectorTestSupport

@Suite struct SimilarityMatrixTests {
    @Test(
        "symmetric, with its diagonal, and the same at any number of workers",
        arguments: Engine.available,
        Metric.allCases
    )
    func symmetric(engine: Engine, metric: Metric) throws {
        var rows = embeddingLikeRows(count: 530, dimension: 12, seed: 51)
        rows[3] = Array(repeating: 0, count: 12)
        let matrix = VectorMatrix(rows: rows)
        let one = try matrix.similarityMatrix(metric: metric, options: RunOptions(engine: engine, workers: .single))
        for workers in [2, 3] {
            let more = try matrix.similarityMatrix(
                metric: metric,
                options: RunOptions(engine: engine, workers: Workers(count: workers))
            )
            #expect(more.values.map(\.bitPattern) == one.values.map(\.bitPattern), "\(workers) workers")
        }
        var asymmetric = 0
        for i in 0..<530 { for j in 0..<i where one[i, j].bitPattern != one[j, i].bitPattern { asymmetric += 1 } }
        #expect(asymmetric == 0)
        for i in 0..<530 where i != 3 {
            switch metric {
            case .cosine: #expect(one[i, i] == 1)
            case .euclidean: #expect(one[i, i] == 0)
            case .dot: #expect(one[i, i] == Float(ScoreOracle.dot(rows[i], rows[i])))
            }
            if metric == .cosine { #expect(one[i, 3] == 0 && one[3, i] == 0) }
        }
        if metric != .dot { #expect(one[3, 3] == 0) }
    }

    @Test("errors keep to the documented bound", arguments: Engine.available, Metric.allCases)
    func bounded(engine: Engine, metric: Metric) throws {
        for dimension in [1, 2, 7, 33, 384] {
            for scale in [1, 1e-20, 1e15] as [Float] {
                let seed = UInt64(dimension)
                var rows = embeddingLikeRows(count: 40, dimension: dimension, seed: seed, scale: scale)
                // Near-duplicates at all distances.
                for i in 0..<12 {
                    rows[i + 20] = rows[i].map { $0 * (1 + Float(sign: .plus, exponent: -2 * i, significand: 1)) }
                }
                let other = Array(rows.reversed().prefix(33))
                let square = try VectorMatrix(rows: rows).similarityMatrix(
                    metric: metric,
                    options: RunOptions(engine: engine)
                )
                let oblong = try VectorMatrix(rows: rows).similarityMatrix(
                    with: VectorMatrix(rows: other),
                    metric: metric,
                    options: RunOptions(engine: engine)
                )
                #expect(oblong.rowCount == 40 && oblong.columnCount == 33)
                for i in rows.indices {
                    for j in rows.indices {
                        check(square[i, j], rows[i], rows[j], metric, "\(dimension), scale \(scale), \(i), \(j)")
                    }
                    for j in other.indices {
                        check(oblong[i, j], rows[i], other[j], metric, "\(dimension), scale \(scale), \(i), \(j)")
                    }
                }
            }
        }
    }

    private func check(_ value: Float, _ q: [Float], _ x: [Float], _ metric: Metric, _ about: String) {
        let g = Tolerance.g(q.count)
        let norms = Tolerance.norm(q[...]) * Tolerance.norm(x[...])
        let last = Double(value.ulp) / 2
        switch metric {
        case .dot:
            let error = abs(Double(value) - ScoreOracle.dot(q, x))
            #expect(error <= g * norms + Double(q.count) * 0x1p-149 + last, "\(about): \(error)")
        case .cosine:
            let exact = norms == 0 ? 0 : ScoreOracle.dot(q, x) / norms
            // A product below the range of Float goes to the verdict, so no absolute term.
            #expect(abs(Double(value) - exact) <= g + last && abs(value) <= 1, "\(about): \(value) for \(exact)")
        case .euclidean:
            let exact = ScoreOracle.squaredDistance(q, x).squareRoot()
            #expect(abs(Double(value) - exact) <= 32 * g * exact + last, "\(about): \(value) for \(exact)")
        }
    }

    @Test("invalid rows are rejected even where they are to be skipped: a matrix has a place for every pair")
    func invalid() throws {
        let matrix = VectorMatrix(rows: [[1, 0], [.nan, 1], [1, 1], [3, 4], [5, 6]])
        for policy in [RunOptions.InvalidRows.reject, .skip] {
            #expect(throws: SimilarityError.self) {
                try matrix.similarityMatrix(options: RunOptions(invalidRows: policy))
            }
        }
    }

    @Test("shapes without rows give empty matrices")
    func empty() throws {
        let none = VectorMatrix(rowCount: 0, dimension: 3, values: [])
        let some = VectorMatrix(rows: [[1, 2, 3], [0, 0, 1]])
        #expect(try none.similarityMatrix().values.isEmpty)
        #expect(
            try some.similarityMatrix(with: none).values.isEmpty && none.similarityMatrix(with: some).values.isEmpty
        )
        #expect(throws: SimilarityError.self) { try some.similarityMatrix(with: VectorMatrix(rows: [[1]])) }
    }
}
