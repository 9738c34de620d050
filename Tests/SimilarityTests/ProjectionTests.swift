// SPDX-License-Identifier: Apache-2.0
//
// Principal components against an eigenproblem in `Double` on the same rows, and against what scikit-learn gave for a fixture; cuts and
// rotations by what they promise; bytes and bits against the formulas of sentence-transformers and NumPy.

import Similarity
import System
import Testing
import VectorTestSupport

@Suite struct ProjectionTests {
    /// Rows with a large mean, so that a covariance without centering first would lose its digits.
    private static let rows: [[Float]] = {
        var random = SplitMix64(seed: 12)
        return (0..<700).map { _ in
            let (a, b, c) = (random.normal(), random.normal(), random.normal())
            return [1000 + 3 * a, -500 + a + b, 2 * b - c, c / 4, 7].map { Float($0) }
        }
    }()

    private static func covariance(_ rows: [[Float]]) -> (mean: [Double], matrix: [[Double]]) {
        let d = rows[0].count
        var mean = [Double](repeating: 0, count: d)
        for row in rows { for j in 0..<d { mean[j] += Double(row[j]) / Double(rows.count) } }
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: d), count: d)
        for row in rows {
            let centered = (0..<d).map { Double(row[$0]) - mean[$0] }
            for i in 0..<d { for j in 0..<d { matrix[i][j] += centered[i] * centered[j] / Double(rows.count - 1) } }
        }
        return (mean, matrix)
    }

    @Test func `principal components are eigenvectors of the covariance`() throws {
        let matrix = VectorMatrix(rows: Self.rows)
        let (mean, covariance) = Self.covariance(Self.rows)
        let pca = try LinearProjection.principalComponents(5, of: matrix)
        for j in 0..<5 { #expect(abs(Double(pca.offset[j]) - mean[j]) < 1e-4) }
        let trace = (0..<5).reduce(0) { $0 + covariance[$1][$1] }
        #expect(abs(pca.totalVariance - trace) < 1e-5 * trace)
        #expect(pca.explainedVariance == pca.explainedVariance.sorted(by: >) && pca.explainedVariance[4] < 1e-4)
        #expect(abs(pca.explainedVarianceRatio.reduce(0, +) - 1) < 1e-5)
        for i in 0..<4 {
            let direction = (0..<5).map { Double(pca.coefficients[i * 5 + $0]) }
            let image = covariance.map { row in zip(row, direction).reduce(0) { $0 + $1.0 * $1.1 } }
            for j in 0..<5 {
                #expect(abs(image[j] - Double(pca.explainedVariance[i]) * direction[j]) < 2e-5 * trace, "\(i), \(j)")
            }
            #expect(abs(direction.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
            #expect((direction.max { abs($0) < abs($1) } ?? 0) > 0)
        }
        let projected = try matrix.projected(by: pca)
        let centered = (0..<5).map { Double(Self.rows[3][$0]) - mean[$0] }
        let expected = (0..<5).map { i -> Double in
            zip(pca.coefficients[i * 5..<i * 5 + 5], centered).reduce(0) { $0 + Double($1.0) * $1.1 }
        }
        for i in 0..<5 { #expect(abs(Double(projected[3][i]) - expected[i]) < 1e-3) }
    }

    @Test func `components are those that scikit-learn finds`() throws {
        // sklearn.decomposition.PCA(2).fit([[2.5,2.4,0.5],[0.5,0.7,1.5],[2.2,2.9,0.1],[1.9,2.2,0.9],[3.1,3,0.2],[2.3,2.7,0.8],[2,1.6,1.1],[1,1.1,1.4]])
        let rows: [[Float]] = [
            [2.5, 2.4, 0.5], [0.5, 0.7, 1.5], [2.2, 2.9, 0.1], [1.9, 2.2, 0.9], [3.1, 3, 0.2], [2.3, 2.7, 0.8],
            [2, 1.6, 1.1], [1, 1.1, 1.4],
        ]
        let pca = try LinearProjection.principalComponents(2, of: VectorMatrix(rows: rows))
        for (found, expected) in zip(pca.explainedVariance, Fixture.variances) { #expect(abs(found - expected) < 1e-5) }
        for i in 0..<2 {
            let found = (0..<3).map { pca.coefficients[i * 3 + $0] }
            let sign: Float = found[0] * Fixture.components[i][0] < 0 ? -1 : 1
            for j in 0..<3 { #expect(abs(sign * found[j] - Fixture.components[i][j]) < 1e-5) }
        }
    }

    @Test func `whitened rows have the covariance 1, and a direction without variance gives zeros`() throws {
        let pca = try LinearProjection.principalComponents(
            5,
            of: VectorMatrix(rows: Self.rows),
            components: ComponentOptions(whitens: true)
        )
        let white = try VectorMatrix(rows: Self.rows).projected(by: pca)
        let (_, covariance) = Self.covariance((0..<700).map { white[$0] })
        for i in 0..<5 {
            for j in 0..<5 {
                let expected = i == j && i < 3 ? 1.0 : 0
                #expect(
                    abs(covariance[i][j] - expected) < (i < 4 && j < 4 ? 1e-2 : 1e-6) || (i == 3 && j == 3),
                    "\(i), \(j)"
                )
            }
        }
    }

    @Test func `rows of another space are told by what the directions keep of them, and by what the ranges cut off`()
        throws
    {
        let matrix = VectorMatrix(rows: Self.rows)
        for whitens in [false, true] {
            let pca = try LinearProjection.principalComponents(
                3,
                of: matrix,
                components: ComponentOptions(whitens: whitens, normalizes: whitens)
            )
            let expected = pca.explainedVarianceRatio.reduce(0.0) { $0 + Double($1) }
            let found = try #require(pca.retainedVariance(of: matrix, sampleSize: .max))
            #expect(abs(found - expected) < 1e-5)
            // The same components in another order are another space.
            let other = VectorMatrix(rows: Self.rows.map { $0.reversed() })
            #expect(try #require(pca.retainedVariance(of: other)) < found - 0.05)
            #expect(pca.retainedVariance(of: VectorMatrix(rows: [pca.offset])) == nil)
        }
        #expect(LinearProjection.matryoshka(1, of: 2).retainedVariance(of: VectorMatrix(rows: [[3, 4]])) == 9.0 / 25)
        let ranges = try ByteCalibration(of: matrix)
        #expect(ranges.clippedShare(of: matrix) == 0)
        #expect(ranges.clippedShare(of: VectorMatrix(rows: [ranges.minima.map { $0 - 1 }, ranges.maxima])) == 0.5)
        #expect(
            ranges.clippedShare(of: VectorMatrix(rows: [ranges.minima.map { _ in .nan }])) == 0,
            "no row that is valid"
        )
    }

    @Test func `the same bytes at any number of workers, and in pieces of whole products`() throws {
        let matrix = VectorMatrix(rows: embeddingLikeRows(count: 3000, dimension: 70, seed: 2))
        let one = try LinearProjection.principalComponents(
            20,
            of: matrix,
            options: RunOptions(workers: Workers(count: 1))
        )
        #expect(
            try one
                == LinearProjection.principalComponents(20, of: matrix, options: RunOptions(workers: Workers(count: 5)))
        )
        let whole = try matrix.projected(by: one)
        let piece = try matrix[512..<1280].projected(by: one, options: RunOptions(workers: Workers(count: 3)))
        for row in 0..<768 { #expect(piece[row] == whole[512 + row]) }
        let sampled = try LinearProjection.principalComponents(
            20,
            of: matrix,
            components: ComponentOptions(sampleSize: 1000, seed: 3)
        )
        #expect(
            try sampled
                == LinearProjection.principalComponents(
                    20,
                    of: matrix,
                    components: ComponentOptions(sampleSize: 1000, seed: 3)
                )
        )
        #expect(sampled != one)
    }

    @Test func `a cut keeps the first components and makes unit vectors`() throws {
        let matrix = VectorMatrix(rows: [[3, 4, 9], [0, 0, 1]], ids: [.string("a"), .integer(2)])
        let cut = try matrix.projected(by: .matryoshka(2, of: 3))
        #expect(cut[0] == [0.6, 0.8] && cut[1] == [0, 0] && cut.ids == matrix.ids)
    }

    @Test func `a random rotation of all dimensions keeps lengths and products`() throws {
        let rows = embeddingLikeRows(count: 50, dimension: 24, seed: 1)
        let rotated = try VectorMatrix(rows: rows).projected(by: .randomRotation(24, of: 24, seed: 5))
        for (i, j) in [(0, 0), (0, 1), (7, 30)] {
            let before = zip(rows[i], rows[j]).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            let after = zip(rotated[i], rotated[j]).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            #expect(abs(before - after) < 1e-4 * max(1, abs(before)))
        }
        #expect(LinearProjection.randomRotation(3, of: 9, seed: 1) == .randomRotation(3, of: 9, seed: 1))
        #expect(LinearProjection.randomRotation(3, of: 9, seed: 1) != .randomRotation(3, of: 9, seed: 2))
    }

    @Test func `what cannot be fitted is refused`() throws {
        let one = VectorMatrix(rows: [[1, 2]])
        #expect(throws: SimilarityError.self) { try LinearProjection.principalComponents(1, of: one) }
        #expect(throws: SimilarityError.self) { try one.projected(by: .matryoshka(1, of: 3)) }
        let broken = VectorMatrix(rows: [[1, 2], [.nan, 1], [3, 1]])
        #expect(throws: SimilarityError.self) { try LinearProjection.principalComponents(1, of: broken) }
        let skipped = try LinearProjection.principalComponents(1, of: broken, options: .skippingInvalidRows)
        #expect(skipped.mean == [2, 1.5])
    }

    @Test func `bytes spread the range of each component`() throws {
        let rows: [[Float]] = [[0, 5, 1], [10, 5, -1], [5, 5, 0.5]]
        let matrix = VectorMatrix(rows: rows)
        let calibration = try ByteCalibration(of: matrix)
        #expect(calibration == ByteCalibration(minima: [0, 5, -1], maxima: [10, 5, 1]))
        let bytes = matrix.bytes(by: calibration)
        #expect(bytes[0] == [-128, -128, 127] && bytes[1] == [127, -128, -128] && bytes[2] == [0, -128, 63])
        let beyond = VectorMatrix(rows: [[-3, 9, 2]]).bytes(by: calibration)
        #expect(beyond[0] == [-128, -128, 127] && beyond.vectors[0] == [-128, -128, 127])
        #expect(throws: SimilarityError.self) {
            try ByteCalibration(of: VectorMatrix(rows: [[.nan]]), options: .skippingInvalidRows)
        }
    }

    @Test func `bits are the signs, packed as NumPy packs them`() {
        let bits = VectorMatrix(rows: [[1, -1, 0, 2, 3, -4, 5, 6, -1, 7]]).signBits()
        #expect(bits[0] == [0b1001_1011, 0b0100_0000] && bits.bytes[0] == [0b1001_1011, 0b0100_0000])
        #expect(PackedBits(bits.bytes, dimension: 10)?[0] == bits[0])
        #expect(
            PackedBits(bits.bytes, dimension: 17) == nil && PackedBits(VectorMatrix(rows: [[1]]), dimension: 8) == nil
        )
    }
}

private enum Fixture {
    static let variances: [Float] = [1.5952238421473854, 0.06974651095721414]
    static let components: [[Float]] = [
        [0.6372297038817617, 0.6661208340541732, -0.38758397661633964],
        [0.7593752686295079, -0.4569047359836551, 0.46323564589695543],
    ]
}

extension RunOptions {
    fileprivate static var skippingInvalidRows: RunOptions { RunOptions(invalidRows: .skip) }
}
