// SPDX-License-Identifier: Apache-2.0

// Correlations against numbers that SciPy 1.17 and scikit-learn 1.9 give, and the quality of a search against lists that are ranked by hand.

import Similarity
import Testing

@Suite struct EvaluationTests {
    @Test func `rank correlations are those of scipy, ties included`() throws {
        let a: [Float] = [0.1, 0.4, 0.4, 0.9, 0.2, 0.7, 0.7, 0.7]
        let b: [Float] = [1, 2, 3, 5, 1, 3, 4, 3]
        #expect(abs(try #require(RankCorrelation.spearman(a, b)) - 0.924_050_6) < 1e-6)
        #expect(abs(try #require(RankCorrelation.pearson(a, b)) - 0.927_699_3) < 1e-6)
        #expect(RankCorrelation.spearman([1, 2, 3], [1, 1, 1]) == nil && RankCorrelation.pearson([1], [1]) == nil)
        #expect(abs((RankCorrelation.spearman([1, 2, 3], [9, 8, -7]) ?? 0) + 1) < 1e-12)
        #expect(RankCorrelation.spearman([], []) == nil)
    }

    @Test func `the area under the curve counts ties half`() {
        let scores: [Float] = [0.1, 0.4, 0.4, 0.8, 0.4]
        #expect(RankCorrelation.areaUnderCurve(scores, isPositive: [false, false, true, true, false]) == 5.0 / 6)
        #expect(RankCorrelation.areaUnderCurve(scores, isPositive: [true, true, true, true, true]) == nil)
        #expect(RankCorrelation.areaUnderCurve([], isPositive: []) == nil)
    }

    @Test func `the quality of a search is that of the ranks`() throws {
        // On a line: the nearest row of a query is the one with the nearest number.
        let corpus = VectorMatrix(rows: [0, 1, 2, 3, 4, 5, 6, 7].map { [Float($0)] })
        let queries = VectorMatrix(rows: [[0.1], [6.9], [3.2], [9]])
        let quality = try #require(
            try corpus.retrievalQuality(of: queries, answers: [[0], [5, 4], [], [7, 0]], k: 3, metric: .euclidean)
        )
        // Ranks: 1; 3 and 4; none asked; 1 and 8.
        #expect(quality.queryCount == 3 && quality.k == 3)
        #expect(abs(quality.precisionAtOne - 2.0 / 3) < 1e-12)
        #expect(abs(quality.recall - (1 + 0.5 + 0.5) / 3) < 1e-12)
        #expect(abs(quality.reciprocalRank - (1 + 1.0 / 3 + 1) / 3) < 1e-12)
        let best = 1 + 1 / 1.584_962_500_721_156
        #expect(abs(quality.normalizedGain - (1 + 0.5 / best + 1 / best) / 3) < 1e-12)
        #expect(abs(quality.areaUnderCurve - (1 + 8.0 / 12 + 6.0 / 12) / 3) < 1e-12)
        #expect(try corpus.retrievalQuality(of: queries, answers: [[], [], [], []]) == nil)
    }

    @Test func `grades are the gain of an answer`() throws {
        let corpus = VectorMatrix(rows: [0, 1, 2, 3, 4, 5].map { [Float($0)] })
        let queries = VectorMatrix(rows: [[0.1], [4.1]])
        let answers = [
            [RelevantRow(row: 0, grade: 1), RelevantRow(row: 1, grade: 3), RelevantRow(row: 5, grade: 2)],
            [RelevantRow(row: 3, grade: 0.5)],
        ]
        let quality = try #require(
            try corpus.retrievalQuality(of: queries, answers: answers, k: 3, metric: .euclidean)
        )
        // sklearn.metrics.ndcg_score([[1, 3, 0, 0, 0, 2]], [[6, 5, 4, 3, 2, 1]], k=3) and ndcg_score([[0, 0, 0, 0.5, 0, 0]], [[1, 2, 3, 4, 6, 5]], k=3)
        #expect(abs(quality.normalizedGain - (0.6074915180456525 + 0.5) / 2) < 1e-12)
        #expect(abs(quality.recall - (2.0 / 3 + 1) / 2) < 1e-12)
    }

    @Test func `a row that is left out is neither found nor missed`() throws {
        let rows = VectorMatrix(rows: [[0], [1], [3], [6]])
        let quality = try #require(
            try rows.retrievalQuality(
                of: rows,
                answers: [[1], [0], [1], [2]],
                k: 1,
                metric: .euclidean,
                excludingSelf: true
            )
        )
        #expect(quality.precisionAtOne == 1 && quality.recall == 1 && quality.areaUnderCurve == 1)
    }

    @Test func `scores of pairs are those of a search`() throws {
        let a = VectorMatrix(rows: [[1, 2, 3], [0, 0, 0], [-1, 0.5, 2]])
        let b = VectorMatrix(rows: [[2, 0, 1], [1, 1, 1], [3, 3, 3]])
        for metric in Metric.allCases {
            let found = try a.scores(ofPairsWith: b, metric: metric)
            let all = try b.nearest(to: a, k: 3, metric: metric)
            for row in 0..<3 {
                let expected = all[row].first { $0.row == row }?.score ?? 0
                #expect(found[row] == expected)
            }
        }
        #expect(throws: SimilarityError.self) { try a.scores(ofPairsWith: VectorMatrix(rows: [[1], [1], [1]])) }
    }
}
