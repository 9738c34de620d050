// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues and eigenvectors of symmetric matrices, every provider. Residual and orthogonality are computed in `Double`
// and held against the contract; together they say that the values are right, each the right number of times. |A| is
// taken from the values: one that is too large fails by its own residual. Spectra: random, rank one, repeated (whole
// invariant subspaces), graded over 24 decades, near both ends of `Float`. The upper triangle holds NaN throughout: it
// must not be read. Out of scope: which basis of an invariant subspace comes out.

import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct SymmetricEigenTests {
    /// The factors of u in the contract.
    private static func factor(_ provider: SymmetricEigen.Provider, _ order: Int) -> Double {
        provider == .openBLAS ? 16 * Double(order).squareRoot() : 4
    }

    /// A matrix as a provider gets it, from its lower triangle.
    private static func matrix(_ order: Int, _ entry: (_ row: Int, _ column: Int) -> Float) -> [Float] {
        (0..<order).flatMap { i in (0..<order).map { j in j <= i ? entry(i, j) : .nan } }
    }

    private static func diagonal(_ values: [Float]) -> [Float] {
        matrix(values.count) { $0 == $1 ? values[$0] : 0 }
    }

    private static func random(_ order: Int, seed: UInt64, scale: Float = 1) -> [Float] {
        var random = SplitMix64(seed: seed)
        return matrix(order) { _, _ in random.signedUnit() * scale }
    }

    /// Decomposes, holds the result against every sentence of the contract, and returns the values.
    @discardableResult
    private func check(_ provider: SymmetricEigen.Provider, _ matrix: [Float], _ name: String) throws -> [Float] {
        let order = Int(Double(matrix.count).squareRoot())
        let (values, vectors) = try SymmetricEigen.decompose(provider, matrix: matrix, order: order)
        #expect(values.count == order && vectors.count == matrix.count)
        guard values.count == order, vectors.count == matrix.count else { return [] }
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 }, "\(provider) \(name): not descending")

        let a = (0..<order).map { i in
            (0..<order).map { j in Double(matrix[max(i, j) * order + min(i, j)]) }
        }
        let v = (0..<order).map { i in vectors[i * order..<(i + 1) * order].map { Double($0) } }
        func dot(_ x: [Double], _ y: [Double]) -> Double {
            var sum = 0.0
            for i in x.indices { sum += x[i] * y[i] }
            return sum
        }
        let allowed = Self.factor(provider, order) * Tolerance.u
        let size = values.reduce(0) { max($0, abs(Double($1))) }
        for i in 0..<order {
            let residual = a.indices.map { dot(a[$0], v[i]) - Double(values[i]) * v[i][$0] }
            let error = dot(residual, residual).squareRoot()
            #expect(
                error <= allowed * size + 0x1p-149,
                "\(provider) \(name): residual \(i) is \(error / (Tolerance.u * size)) u |A|"
            )
            for j in 0...i {
                let error = abs(dot(v[i], v[j]) - (i == j ? 1 : 0))
                #expect(error <= allowed, "\(provider) \(name): vectors \(i), \(j) are off by \(error / Tolerance.u) u")
            }
            let largest = v[i].reduce(0) { abs($1) > abs($0) ? $1 : $0 }
            #expect(largest > 0, "\(provider) \(name): sign of vector \(i)")
        }
        return values
    }

    @Test("random matrices keep to the contract", arguments: SymmetricEigen.providers, [1, 2, 3, 10, 64, 200])
    func random(provider: SymmetricEigen.Provider, order: Int) throws {
        for seed in 1...(order < 64 ? 20 : 2) as ClosedRange<UInt64> {
            try check(provider, Self.random(order, seed: seed), "order \(order) seed \(seed)")
        }
    }

    @Test("known values of known matrices", arguments: SymmetricEigen.providers)
    func known(provider: SymmetricEigen.Provider) throws {
        let pair = try SymmetricEigen.decompose(provider, matrix: [2, .nan, 1, 2], order: 2)
        #expect(zip(pair.values, [3, 1] as [Float]).allSatisfy { abs($0 - $1) <= 1e-6 }, "\(pair.values)")
        let half = Float(0.5).squareRoot()
        // (1, -1) has two components of the largest magnitude, which rounding may tell apart.
        let expected = [half, half, half, -half].map { $0 * (pair.vectors[2] < 0 ? -1 : 1) }
        #expect(zip(pair.vectors.suffix(2), expected.suffix(2)).allSatisfy { abs($0 - $1) <= 1e-6 }, "\(pair.vectors)")
        #expect(zip(pair.vectors, [half, half]).allSatisfy { abs($0 - $1) <= 1e-6 }, "\(pair.vectors)")

        // The second difference: 2 - 2 cos(k pi / 4).
        let second = Self.matrix(3) { $0 == $1 ? 2 : $0 == $1 + 1 ? -1 : 0 }
        let values = try check(provider, second, "second difference")
        let roots = [2 + Float(2).squareRoot(), 2, 2 - Float(2).squareRoot()]
        #expect(zip(values, roots).allSatisfy { abs($0 - $1) <= 2e-6 }, "\(values)")

        let one = try SymmetricEigen.decompose(provider, matrix: [-3], order: 1)
        #expect(one.values == [-3] && one.vectors == [1])
        let none = try SymmetricEigen.decompose(provider, matrix: [], order: 0)
        #expect(none.values.isEmpty && none.vectors.isEmpty)
    }

    @Test("repeated, rank-deficient and graded spectra", arguments: SymmetricEigen.providers)
    func spectra(provider: SymmetricEigen.Provider) throws {
        for order in [2, 3, 10, 65] {
            let identity = Self.diagonal(Array(repeating: 1, count: order))
            #expect(try check(provider, identity, "identity \(order)").allSatisfy { $0 == 1 })
            let zero = Self.diagonal(Array(repeating: 0, count: order))
            #expect(try check(provider, zero, "zero \(order)").allSatisfy { $0 == 0 })

            let repeated = (0..<order).map { Float($0 % 3) - 1 }
            #expect(try check(provider, Self.diagonal(repeated), "diagonal \(order)") == repeated.sorted(by: >))

            var random = SplitMix64(seed: UInt64(order))
            let x = (0..<order).map { _ in random.signedUnit() }
            let rankOne = try check(provider, Self.matrix(order) { x[$0] * x[$1] }, "rank one \(order)")
            let squares = Float(x.reduce(0) { $0 + Double($1) * Double($1) })
            #expect(abs(rankOne[0] - squares) <= 1e-5 * squares && rankOne.dropFirst().allSatisfy { abs($0) < 1e-5 })

            // A reflection: 1 in all directions but one.
            let square = x.reduce(0) { $0 + Double($1) * Double($1) }
            let reflection = Self.matrix(order) {
                Float(($0 == $1 ? 1 : 0) - 2 * Double(x[$0]) * Double(x[$1]) / square)
            }
            let signs = try check(provider, reflection, "reflection \(order)")
            #expect(signs.dropLast().allSatisfy { abs($0 - 1) < 1e-4 } && abs(signs[order - 1] + 1) < 1e-4)

            let decades = (0..<order).map { Float(-12 + 24 * Double($0) / Double(order - 1)) }
            let graded = decades.map { Float(exponent10: $0) }
            for (values, name) in [(graded, "up"), (graded.reversed(), "down")] {
                try check(provider, Self.diagonal(values), "graded \(name) \(order)")
                let full = Self.matrix(order) { i, j in
                    i == j ? values[i] : (values[i] * values[j]).squareRoot() * random.signedUnit() / 2
                }
                try check(provider, full, "graded and full \(name) \(order)")
            }
        }
    }

    @Test("small integers, and magnitudes of all sizes side by side", arguments: SymmetricEigen.providers)
    func sparse(provider: SymmetricEigen.Provider) throws {
        // At 873 and 3743 LAPACK gives up.
        for seed in Array(1...300) + [873, 3743] {
            var random = SplitMix64(seed: UInt64(seed))
            let order = 2 + random.below(11)
            // Mostly zeros: blocks, permutations, repeated values.
            let integers = Self.matrix(order) { _, _ in Float(max(0, random.below(8) - 5)) - Float(random.below(5) / 4)
            }
            try check(provider, integers, "integers, order \(order) seed \(seed)")
            let wild = Self.matrix(order) { _, _ in random.anyFinite() * 0x1p-4 }
            try check(provider, wild, "wild, order \(order) seed \(seed)")
        }
    }

    @Test("both ends of Float", arguments: SymmetricEigen.providers)
    func ends(provider: SymmetricEigen.Provider) throws {
        for scale in [0x1p-140, 0x1p-120, 0x1p-70, 0x1p70, 0x1p122] as [Float] {
            try check(provider, Self.random(10, seed: 3, scale: scale), "scale \(scale)")
        }
        // All of the smallest float: rank one, and the value is 5 times that.
        let least = Self.matrix(5) { _, _ in Float.leastNonzeroMagnitude }
        #expect(try check(provider, least, "least")[0] == 5 * Float.leastNonzeroMagnitude)
        let greatest = Self.matrix(5) { _, _ in Float.greatestFiniteMagnitude }
        #expect(throws: EigenError.tooLarge(order: 5)) {
            try SymmetricEigen.decompose(provider, matrix: greatest, order: 5)
        }
    }

    @Test("providers agree in the eigenvalues", arguments: [1, 2, 3, 10, 64, 200])
    func agreement(order: Int) throws {
        let matrix = Self.random(order, seed: 9)
        let reference = try SymmetricEigen.decompose(.reference, matrix: matrix, order: order).values
        let size = reference.reduce(0) { max($0, abs(Double($1))) }
        for provider in SymmetricEigen.providers {
            let values = try SymmetricEigen.decompose(provider, matrix: matrix, order: order).values
            // By Weyl's theorem values differ by no more than the sum of the two errors.
            let allowed = (Self.factor(provider, order) + 4) * Tolerance.u * size
            for i in 0..<order { #expect(abs(Double(values[i]) - Double(reference[i])) <= allowed, "\(provider) \(i)") }
        }
    }

    @Test("the same call gives the same bytes", arguments: SymmetricEigen.providers)
    func repeatable(provider: SymmetricEigen.Provider) throws {
        let matrix = Self.random(65, seed: 4)
        let first = try SymmetricEigen.decompose(provider, matrix: matrix, order: 65)
        let second = try SymmetricEigen.decompose(provider, matrix: matrix, order: 65)
        #expect(first.values == second.values && first.vectors == second.vectors)
    }

    @Test("NaN and infinity are refused where they are read", arguments: SymmetricEigen.providers)
    func notFinite(provider: SymmetricEigen.Provider) throws {
        for (row, column) in [(0, 0), (2, 1), (9, 9), (9, 0)] {
            for value in [Float.nan, .infinity, -.infinity] {
                var matrix = Self.random(10, seed: 6)
                matrix[row * 10 + column] = value
                let error = #expect(throws: EigenError.self) {
                    try SymmetricEigen.decompose(provider, matrix: matrix, order: 10)
                }
                #expect(error == .notFinite(row: row, column: column))
                #expect(error?.description.contains("row \(row), column \(column)") == true)
            }
        }
    }

    @Test("three sweeps a value are enough, as they are not with a wrong shift")
    func sweeps() throws {
        for order in [2, 3, 10, 65, 200] {
            for seed in 1...30 as ClosedRange<UInt64> {
                var random = SplitMix64(seed: seed)
                var matrix = SymmetricTridiagonal(order: order)
                for i in 0..<order { matrix.diagonal[i] = Double(random.signedUnit()) }
                for i in 0..<order - 1 { matrix.offDiagonal[i] = Double(random.signedUnit()) }
                #expect(throws: Never.self, "order \(order) seed \(seed)") {
                    try matrix.diagonalize(sweepsPerValue: 3) { _ in }
                }
            }
        }
    }

    @Test("an iteration that does not end is an error")
    func noConvergence() {
        var matrix = SymmetricTridiagonal(order: 3)
        matrix.offDiagonal = [1, 1, 0]
        #expect(throws: EigenError.noConvergence(order: 3)) { try matrix.diagonalize(sweepsPerValue: 0) { _ in } }
    }
}

extension Float {
    /// A power of ten, by repeated multiplication of a root: good to a few units, which is all that a test needs.
    fileprivate init(exponent10: Float) {
        var result = 1.0
        let steps = Int(abs(exponent10) * 1024)
        for _ in 0..<steps { result *= 1.002_251_148_292_912_9 }
        self = Float(exponent10 < 0 ? 1 / result : result)
    }
}
