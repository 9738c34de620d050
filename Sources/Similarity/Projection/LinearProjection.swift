// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// A map to fewer dimensions, fitted once and applied to any rows of the same kind: `y = M (x - mean)`, made a unit vector if that is wanted.
public struct LinearProjection: Sendable, Equatable {
    /// Components of the rows that go in.
    public let dimension: Int
    /// Components of what comes out.
    public let outputDimension: Int
    /// ``mean``, or nothing.
    package let offset: [Float]
    /// ``matrix``, row after row, or nothing.
    package let coefficients: [Float]
    /// Whether what comes out is made a unit vector; a zero vector stays one.
    public let normalizes: Bool
    /// Of a principal component analysis the variance along each direction, before any whitening, with `n - 1` in the denominator; else empty.
    public let explainedVariance: [Float]
    /// The variance of all components together; 0 where none was measured.
    public let totalVariance: Double

    /// What is subtracted first, ``dimension`` components; nil for nothing.
    public var mean: [Float]? { offset.isEmpty ? nil : offset }

    /// M, a direction a row; nil for the first ``outputDimension`` components as they are.
    public var matrix: VectorMatrix? {
        coefficients.isEmpty
            ? nil : VectorMatrix(rowCount: outputDimension, dimension: dimension, values: coefficients)
    }

    /// The share of the variance that each direction holds; empty where none was measured.
    public var explainedVarianceRatio: [Float] {
        totalVariance > 0 ? explainedVariance.map { Float(Double($0) / totalVariance) } : []
    }

    /// A projection that has been stored.
    ///
    /// - Precondition: `mean` has `dimension` components or none, and `matrix` has `outputDimension * dimension` or none.
    package init(
        dimension: Int,
        outputDimension: Int,
        mean: [Float] = [],
        matrix: [Float] = [],
        normalizes: Bool = false,
        explainedVariance: [Float] = [],
        totalVariance: Double = 0
    ) {
        precondition(dimension >= 1 && (1...dimension).contains(outputDimension), "\(dimension) to \(outputDimension)")
        precondition(mean.isEmpty || mean.count == dimension, "a mean of \(mean.count) components")
        precondition(matrix.isEmpty || matrix.count == outputDimension * dimension, "a matrix of \(matrix.count)")
        self.dimension = dimension
        self.outputDimension = outputDimension
        offset = mean
        coefficients = matrix
        self.normalizes = normalizes
        self.explainedVariance = explainedVariance
        self.totalVariance = totalVariance
    }

    /// The first components, made a unit vector: for models that were trained so that these are good alone (Kusupati et al., "Matryoshka
    /// representation learning", 2022).
    ///
    /// - Precondition: `1 <= outputDimension <= dimension`.
    public static func matryoshka(_ outputDimension: Int, of dimension: Int) -> LinearProjection {
        LinearProjection(dimension: dimension, outputDimension: outputDimension, normalizes: true)
    }

    /// A variance up to this is what rounding makes of none, beside the largest one.
    private static func noiseFloor(_ largest: Double, dimension: Int) -> Double {
        largest * 16 * Double(dimension).squareRoot() * 0x1p-53
    }

    /// Directions of a principal component analysis that have no variance of their own: what comes out there is rounding, or zero where it
    /// whitens.
    public var directionsWithoutVariance: Int {
        let least = Self.noiseFloor(Double(explainedVariance.first ?? 0), dimension: dimension)
        return explainedVariance.count { Double($0) <= least }
    }

    /// The principal directions of rows, strongest first: the eigenvectors of their covariance, each with its largest component positive.
    ///
    /// - Parameters:
    ///   - outputDimension: Directions, at most the dimension of the rows.
    ///   - rows: What it is fitted on.
    ///   - components: What comes out, and what it is fitted on.
    ///   - options: Workers, cancellation, and what happens to invalid rows.
    /// - Complexity: `n d^2 / 2` multiply-adds and an eigenproblem of order d; `12 d^2` bytes and at most 128 MiB.
    /// - Accuracy: covariance and eigenvectors are in `Double`, of rows less their mean, and are rounded to `Float` once: a variance is within
    ///   `16 sqrt(d) 2^-53` of the largest one. The same bytes on one machine with one BLAS (at one thread, see ``SimilarityRuntime``), whatever the workers.
    /// - Throws: ``SimilarityError`` if rows are invalid, for fewer than two rows, or for more than 16,384 dimensions; `CancellationError`.
    /// - Precondition: `1 <= outputDimension <= dimension`.
    public static func principalComponents(
        _ outputDimension: Int,
        of rows: VectorMatrix,
        components: ComponentOptions = ComponentOptions(),
        options: RunOptions = RunOptions()
    ) throws -> LinearProjection {
        precondition((1...rows.dimension).contains(outputDimension), "\(rows.dimension) to \(outputDimension)")
        guard rows.dimension <= 16_384 else {
            throw SimilarityError.tooLarge(
                "vectors of \(rows.dimension) dimensions; the principal ones are found of 16384"
            )
        }
        var rows = rows
        if let sampleSize = components.sampleSize, sampleSize < rows.rowCount {
            var generator = SeededGenerator(seed: components.seed)
            rows = rows.selecting(generator.sample(max(sampleSize, 0), below: rows.rowCount))
        }
        if options.invalidRows == .skip {
            let valid = rows.validRows()
            if valid.count < rows.rowCount { rows = rows.selecting(valid) }
        } else {
            try InvalidRowCheck.reject(rows.storage, side: .corpus, options)
        }
        guard rows.rowCount >= 2 else {
            throw SimilarityError.tooFewRows(
                "expected at least 2 rows for principal components, found \(rows.rowCount)"
            )
        }
        let check: @Sendable () throws -> Void = { try options.checkCancellation() }
        let workers = options.workers.count
        let mean = try CenteredMoments.mean(of: rows.storage, workers: workers, check: check)
        let scatter = try CenteredMoments.scatter(of: rows.storage, mean: mean, workers: workers, check: check)
        let d = rows.dimension
        let scale = 1 / Double(rows.rowCount - 1)
        let eigen: (values: [Double], vectors: [Double])
        do {
            eigen = try SymmetricEigen.decompose(
                SymmetricEigen.preferred,
                doubles: scatter.map { $0 * scale },
                order: d
            )
        } catch {
            throw SimilarityError.tooLarge("the covariance of these rows is beyond double precision")
        }
        let found = eigen.values.prefix(outputDimension).map { max(0, $0) }
        let variances = found.map { Float($0) }
        guard variances.allSatisfy(\.isFinite) else {
            throw SimilarityError.tooLarge("the covariance of these rows is beyond single precision")
        }
        // What rounding leaves of a variance of nothing is no variance.
        let least = noiseFloor(eigen.values.first ?? 0, dimension: d)
        var matrix: [Float] = []
        matrix.reserveCapacity(outputDimension * d)
        for i in 0..<outputDimension {
            let factor = !components.whitens ? 1 : found[i] > least ? 1 / found[i].squareRoot() : 0
            for j in 0..<d { matrix.append(Float(eigen.vectors[i * d + j] * factor)) }
        }
        return LinearProjection(
            dimension: d,
            outputDimension: outputDimension,
            mean: mean.map { Float($0) },
            matrix: matrix,
            normalizes: components.normalizes,
            explainedVariance: variances,
            totalVariance: (0..<d).reduce(0) { $0 + scatter[$1 * d + $1] } * scale
        )
    }

    /// Orthonormal directions drawn by a seed, times `sqrt(d / m)`, so that lengths and dot products stay what they are on average (Johnson
    /// and Lindenstrauss, 1984). The same on every machine.
    ///
    /// - Complexity: `m^2 d` operations.
    /// - Precondition: `1 <= outputDimension <= dimension`.
    public static func randomRotation(_ outputDimension: Int, of dimension: Int, seed: UInt64 = 0) -> LinearProjection {
        precondition(dimension >= 1 && (1...dimension).contains(outputDimension), "\(dimension) to \(outputDimension)")
        var generator = SeededGenerator(seed: seed)
        var directions: [[Double]] = []
        while directions.count < outputDimension {
            var row = (0..<dimension).map { _ in generator.nearlyNormal() }
            // Twice is enough (Giraud et al., "The loss of orthogonality in the Gram-Schmidt process", 2005).
            for _ in 0..<2 {
                for other in directions {
                    let share = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                    for j in row.indices { row[j] -= share * other[j] }
                }
            }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if length > 1e-6 { directions.append(row.map { $0 / length }) }
        }
        let scale = (Double(dimension) / Double(outputDimension)).squareRoot()
        return LinearProjection(
            dimension: dimension,
            outputDimension: outputDimension,
            matrix: directions.flatMap { $0.map { Float($0 * scale) } }
        )
    }
}

/// What a principal component analysis gives, and what it is fitted on.
public struct ComponentOptions: Sendable, Hashable {
    /// Whether each direction is divided by its standard deviation, so that what comes out has the covariance 1. A direction without
    /// variance gives zeros.
    public var whitens = false
    /// Whether what comes out is made a unit vector.
    public var normalizes = false
    /// Rows that it is fitted on, drawn by the seed; nil for all.
    public var sampleSize: Int?
    /// What the sample follows from.
    public var seed: UInt64 = 0

    /// Neither whitened nor made unit vectors, fitted on all rows.
    public init(whitens: Bool = false, normalizes: Bool = false, sampleSize: Int? = nil, seed: UInt64 = 0) {
        self.whitens = whitens
        self.normalizes = normalizes
        self.sampleSize = sampleSize
        self.seed = seed
    }
}

extension VectorMatrix {
    /// The images of all rows, with their ids.
    ///
    /// Rows are multiplied in blocks of 256, and the last bits of a row may depend on its block: pieces of whole blocks give the bytes of the whole.
    ///
    /// - Complexity: `n m d` multiply-adds; the result takes `4 n m` bytes.
    /// - Throws: ``SimilarityError`` if the projection is of another dimension, `CancellationError` if cancelled.
    public func projected(
        by projection: LinearProjection,
        options: RunOptions = RunOptions()
    ) throws -> VectorMatrix {
        guard projection.dimension == dimension else {
            throw SimilarityError.dimensionMismatch(queries: dimension, corpus: projection.dimension)
        }
        let check: @Sendable () throws -> Void = { try options.checkCancellation() }
        let (storage, m) = (storage, projection.outputDimension)
        var values: [Float]
        if projection.coefficients.isEmpty {
            let mean = projection.offset
            values = try concurrentFill(rowCount: rowCount, width: m, rowsPerChunk: 256, workers: options.workers.count)
            {
                rows,
                target in
                try check()
                for row in rows {
                    let source = storage.row(row)
                    for j in 0..<m {
                        target[(row - rows.lowerBound) * m + j] = mean.isEmpty ? source[j] : source[j] - mean[j]
                    }
                }
            }
        } else {
            values = try AffineRows.map(
                storage,
                mean: projection.offset,
                matrix: projection.coefficients,
                workers: options.workers.count,
                check: check
            )
        }
        if projection.normalizes { Self.normalize(&values, width: m) }
        return VectorMatrix(rowCount: rowCount, dimension: m, values: values, ids: ids)
    }

    private static func normalize(_ values: inout [Float], width: Int) {
        for start in stride(from: 0, to: values.count, by: width) {
            var sum = 0.0
            for j in start..<start + width { sum += Double(values[j]) * Double(values[j]) }
            guard sum > 0 else { continue }
            let factor = 1 / sum.squareRoot()
            for j in start..<start + width { values[j] = Float(Double(values[j]) * factor) }
        }
    }
}
