// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Where the energy of a corpus lies: the principal directions of a sample of its rows, strongest first, and how much of a
/// unit vector lies in each.
package struct Spectrum: Sendable {
    package let dimension: Int
    /// Mean squared coordinate in each direction, descending; empty if no rotation is worth it.
    package let energies: [Double]
    /// The directions, row-major; empty if no rotation is worth it.
    private let directions: [Float]

    /// Beyond this the matrix of the rotation and its eigenproblem cost more than they save.
    static let largestDimension = 2048
    static let smallestDimension = 16

    /// No rotation: coordinates as they are.
    package static func identity(dimension: Int) -> Spectrum {
        Spectrum(dimension: dimension, energies: [], directions: [])
    }

    private init(dimension: Int, energies: [Double], directions: [Float]) {
        self.dimension = dimension
        self.energies = energies
        self.directions = directions
    }

    /// Looks at the second moments of a sample of rows, evenly spread, and solves their eigenproblem, unless they are even: whether
    /// some directions hold much more than others is told by `tr(C)^2 / ||C||_F^2`, the number of directions that an even
    /// spectrum of that concentration would have, up to what sampling adds.
    package init(of storage: RowStorage, options: RunOptions) throws {
        let dimension = storage.dimension
        let sampled = Self.sample(storage.rowCount, dimension: dimension)
        guard (Self.smallestDimension...Self.largestDimension).contains(dimension), sampled.count >= 2 * dimension
        else {
            self = .identity(dimension: dimension)
            return
        }
        try options.checkCancellation()
        let moments = try SecondMoments.compute(of: storage, rows: sampled, workers: options.workers.count)
        guard Self.isUneven(moments, dimension: dimension, sampleCount: sampled.count) else {
            self = .identity(dimension: dimension)
            return
        }
        let eigen = try SymmetricEigen.decompose(SymmetricEigen.preferred, matrix: moments, order: dimension)
        self.init(
            dimension: dimension,
            energies: eigen.values.map { max(0, Double($0)) / Double(sampled.count) },
            directions: eigen.vectors
        )
    }

    /// Rows that the moments are made of.
    static func sample(_ rowCount: Int, dimension: Int) -> [Int] {
        SurvivorForecast.spread(max(2048, 8 * dimension), over: rowCount, shift: 0.5)
    }

    static func isUneven(_ moments: [Float], dimension: Int, sampleCount: Int) -> Bool {
        var trace = 0.0
        var squares = 0.0
        for i in 0..<dimension { trace += Double(moments[i * dimension + i]) }
        for value in moments { squares += Double(value) * Double(value) }
        guard trace > 0, trace.isFinite else { return false }
        let evenness = squares / (trace * trace) - 1 / Double(sampleCount)
        return evenness * Double(dimension) > 1.5
    }

    /// The rotation whose first `prefix` coordinates are the strongest directions, mixed so that each has a like share of
    /// their energy, which is what makes short codes good.
    ///
    /// - Parameter hasTail: Whether the coordinates after the prefix are wanted too.
    package func rotation(prefix: Int, hasTail: Bool = true, workers: Int) throws -> Rotation {
        if directions.isEmpty { return .identity(dimension: dimension) }
        var matrix = hasTail ? directions : strongestDirections(prefix)
        // Cosine transforms (type II, orthonormal) of the prefix and of the tail.
        for range in [0..<prefix, prefix..<(hasTail ? dimension : prefix)] where range.count > 1 {
            try mix(range, into: &matrix, workers: workers)
        }
        let rotation = try Rotation(measuring: matrix, dimension: dimension, workers: workers)
        // Not orthogonal to a thousandth would be a basis gone wrong.
        return rotation.defect < 1e-3 ? rotation : .identity(dimension: dimension)
    }

    /// Whether there are directions to rotate to.
    var isRotation: Bool { !directions.isEmpty }

    /// The first directions, row-major; empty if no rotation is worth it.
    func strongestDirections(_ count: Int) -> [Float] { Array(directions.prefix(min(count, dimension) * dimension)) }

    private func mix(_ range: Range<Int>, into matrix: inout [Float], workers: Int) throws {
        let count = range.count
        let width = dimension
        let source = directions
        let mixed = try concurrentMap(count: count, workers: workers) { i in
            var row = [Float](repeating: 0, count: width)
            for j in 0..<count {
                let angle =
                    Double.pi * (Double(i) * (2 * Double(j) + 1)).truncatingRemainder(dividingBy: 4 * Double(count))
                    / (2 * Double(count))
                let weight = Float(cos(angle) * (i == 0 ? 1 / Double(count) : 2 / Double(count)).squareRoot())
                let direction = (range.lowerBound + j) * width
                for p in 0..<width { row[p] += weight * source[direction + p] }
            }
            return row
        }
        matrix.replaceSubrange(range.lowerBound * width..<range.upperBound * width, with: mixed.joined())
    }

    /// Prefixes that are worth a thought; without a rotation all coordinates.
    var candidatePrefixes: [Int] {
        if energies.isEmpty { return [dimension] }
        return [32, 48, 64, 96, 128, 160, 192, 256, 384, 512, 768, 1024].filter { $0 < dimension } + [dimension]
    }
}
