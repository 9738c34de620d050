// SPDX-License-Identifier: Apache-2.0
//
// The filter's promise, attacked directly: a pair whose reported verdict reaches the cut survives the scan, whatever
// single-precision dot product the contract allows the tile to hold. Cuts sit at the verdict, one step below it, and at
// thresholds that people choose. Norms: 1e-45 to 1e19, in all combinations; inputs: unrelated, near-duplicates, opposite,
// orthogonal, cancelling, and rows of the smallest subnormals, whose norm no `Float` holds well. The tile's product is
// taken from every provider of the GEMM and also moved down by the full allowed error. No tolerance: survival is yes or no.
// Also checked, so that a filter that keeps everything fails: clearly worse pairs are dropped.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct FilterBoundTests {
    static let scales: [Float] = [
        .leastNonzeroMagnitude, 7 * .leastNonzeroMagnitude, 1e-30, 1e-20, 1e-12, 1, 1e12, 1e18, 9.9e18,
    ]
    static let dimensions = [1, 2, 3, 8, 17, 64, 384]

    /// A vector of about the given norm.
    static func vector(_ dimension: Int, norm: Float, _ random: inout SplitMix64) -> [Float] {
        if norm < 64 * .leastNonzeroMagnitude {
            // A few of the smallest subnormals.
            return (0..<dimension).map { _ in Float(random.below(3) - 1) * .leastNonzeroMagnitude }
        }
        let kind = [TestVectors.uniform, .lognormal, .cancelling][random.below(3)]
        let values = kind.values(dimension, using: &random)
        let length = Tolerance.norm(values[...])
        return values.map { Float(Double($0) / max(length, 1e-30) * Double(norm)) }
    }

    /// A partner that makes a hard case.
    static func partner(of q: [Float], norm: Float, case kind: Int, _ random: inout SplitMix64) -> [Float] {
        switch kind {
        case 0: return vector(q.count, norm: norm, &random)
        case 1: return q.map { random.below(3) == 0 ? $0.nextUp : $0 }
        case 2: return q.map { -$0 }
        case 3:
            // Nearly orthogonal: components swapped in pairs with one sign changed.
            return q.indices.map { $0 % 2 == 0 ? ($0 + 1 < q.count ? q[$0 + 1] : 0) : -q[$0 - 1] }
        default:
            let length = max(Tolerance.norm(q[...]), 1e-300)
            return q.map { Float(Double($0) / length * Double(norm)) * (1 + random.signedUnit() * 1e-6) }
        }
    }

    @Test("no pair that reaches the cut is dropped", arguments: Metric.allCases, dimensions)
    func keeps(metric: Metric, dimension: Int) throws {
        var dropped = 0
        for (s, queryNorm) in Self.scales.enumerated() {
            for (t, rowNorm) in Self.scales.enumerated() {
                let seed = UInt64(dimension * 1000 + s * 20 + t)
                var random = SplitMix64(seed: seed)
                let q = Self.vector(dimension, norm: queryNorm, &random)
                let rows = (0..<40).map { Self.partner(of: q, norm: rowNorm, case: $0 % 5, &random) }
                dropped += try attack(metric, q, rows, "seed \(seed), norms \(queryNorm) and \(rowNorm)")
            }
        }
        #expect(dropped == 0)
    }

    /// Returns how many pairs were wrongly dropped; the first few are reported in full.
    private func attack(_ metric: Metric, _ q: [Float], _ rows: [[Float]], _ about: String) throws -> Int {
        let oracle = ScoreOracle(metric: metric, queries: [q], corpus: rows)
        let bound = FilterBound(metric: metric, dimension: q.count)
        let storage = try packedRows(rows, as: .float32)
        var wrong = 0
        for (g, gemm) in GEMM.providers.enumerated() {
            // One query takes the row-wise kernels, a few take the GEMM.
            for copies in [1, ScoreTile.rowwiseQueryLimit] {
                var queries = RowTile()
                var corpus = RowTile()
                var tile = ScoreTile()
                let vector = KernelLevel.available[min(g, KernelLevel.available.count - 1)]
                queries.load(
                    0..<copies,
                    of: try packedRows(Array(repeating: q, count: copies), as: .float32),
                    level: vector
                )
                tile.multiply(queries, &corpus, loading: 0..<rows.count, of: storage, gemm: gemm, level: vector)
                bound.fill(&tile, for: corpus)
                for (j, row) in rows.enumerated() {
                    guard let verdict = oracle.score(0, j) else { continue }
                    let moved = Self.lowestProduct(q, row)
                    let column = bound.row(norm: corpus.norm(at: j))
                    let cuts = [verdict, verdict.nextDown, -1, 0, 1, 1.5, -0.0, 0.5, -1e30].filter { verdict >= $0 }
                    for cut in cuts {
                        let terms = bound.query(norm: queries.norm(at: 0), cut: cut)
                        let plain = terms.slope * column.norm + column.offset + terms.base
                        let fused = column.offset.addingProduct(terms.slope, column.norm) + terms.base
                        let survives = tile.survives(0, j, slope: terms.slope, base: terms.base)
                        if survives, !(moved < plain), !(moved < fused) { continue }
                        wrong += 1
                        if wrong > 2 { continue }
                        Issue.record(
                            """
                            \(metric) \(about), \(gemm), row \(j): verdict \(verdict) reaches \(cut), but the product \
                            \(tile.score(0, j)) or \(moved) is below \(plain) or \(fused); q \(q.prefix(4)), x \(row.prefix(4))
                            """
                        )
                    }
                    let terms = bound.query(norm: queries.norm(at: 0), cut: verdict)
                    for level in KernelLevel.available {
                        let found = tile.scan(
                            0,
                            0..<rows.count,
                            slope: terms.slope,
                            base: terms.base,
                            level: level
                        )
                        if !(0..<found).contains(where: { tile.survivor($0) == j }) { wrong += 1 }
                    }
                }
            }
        }
        return wrong
    }

    /// The lowest float that the contract of the tile allows for a product, give or take the oracle's own rounding.
    private static func lowestProduct(_ q: [Float], _ x: [Float]) -> Float {
        let norms = Tolerance.norm(q[...]) * Tolerance.norm(x[...])
        let error = Tolerance.g(q.count) * norms + Double(q.count) * 0x1p-149
        let target = ScoreOracle.dot(q, x) - error * (1 - 1e-9)
        let rounded = Float(target)
        return Double(rounded) < target ? rounded.nextUp : rounded
    }

    @Test("clearly worse pairs are dropped", arguments: Metric.allCases)
    func drops(metric: Metric) throws {
        let rows = embeddingLikeRows(count: 400, dimension: 64, seed: 9)
        let oracle = ScoreOracle(metric: metric, queries: [rows[0]], corpus: rows)
        let bound = FilterBound(metric: metric, dimension: 64)
        var query = RowTile()
        var corpus = RowTile()
        var tile = ScoreTile()
        let storage = try packedRows(rows, as: .float32)
        query.load(0..<1, of: storage, level: .reference)
        tile.multiply(query, &corpus, loading: 0..<400, of: storage, gemm: .own(.reference), level: .reference)
        bound.fill(&tile, for: corpus)
        for (j, row) in rows.enumerated() {
            let score = try #require(oracle.score(0, j))
            // A hundred times the slack better than the pair itself; as a distance that is a difference of squares.
            let scale = Tolerance.norm(rows[0][...]) * Tolerance.norm(row[...])
            let slack = 100 * Tolerance.g(64)
            let cut: Float =
                switch metric {
                case .cosine: score + Float(slack)
                case .dot: score + Float(slack * scale)
                case .euclidean: -Float(max(0, Double(score) * Double(score) - 2 * slack * scale).squareRoot())
                }
            if metric == .euclidean, cut == 0 { continue }
            let terms = bound.query(norm: query.norm(at: 0), cut: cut)
            let survives = tile.survives(0, j, slope: terms.slope, base: terms.base)
            #expect(!survives, "row \(j): \(score) against \(cut)")
        }
    }
}
