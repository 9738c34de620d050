// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

extension PreparedCorpus {
    /// Prepares a corpus.
    ///
    /// - Parameters:
    ///   - vectors: The rows; they are kept, not copied.
    ///   - metric: How they will be compared; a prepared corpus serves one metric.
    ///   - options: Workers, cancellation, and what happens to invalid rows. The engine is of no concern.
    /// - Throws: ``SimilarityError`` if rows are invalid or more than 2^32 - 1, or dimensions more than 16,384;
    ///   `CancellationError` if cancelled.
    public init(_ vectors: VectorMatrix, metric: Metric = .cosine, options: RunOptions = RunOptions()) throws {
        let spectrum = try Spectrum(of: vectors.storage, options: options)
        try self.init(vectors, metric: metric, spectrum: spectrum, prefix: nil, options: options)
    }

    /// Prepares with a known basis; `prefix` nil lets a sample choose for a search of ten neighbors. Without codes of the tail
    /// a pair that survives the prefix is decided at once, which is best for joins; searches want those codes.
    package init(
        _ vectors: VectorMatrix,
        metric: Metric,
        spectrum: Spectrum,
        prefix: Int?,
        codesTail: Bool = true,
        options: RunOptions
    ) throws {
        let storage = vectors.storage
        let dimension = vectors.dimension
        guard dimension <= CodeShape.dimensionLimit else {
            throw SimilarityError.tooLarge(
                "vectors of \(dimension) dimensions; a prepared corpus has at most \(CodeShape.dimensionLimit)"
            )
        }
        let workers = options.workers.count
        let prefix =
            prefix
            ?? EnginePlan.bestSetting(
                .nearest(k: 10, to: vectors, metric: metric),
                corpus: storage,
                spectrum: spectrum,
                level: options.level
            ).prefix
        let rotation = try spectrum.rotation(prefix: prefix, hasTail: codesTail, workers: workers)
        let check: @Sendable () throws -> Void = { try options.checkCancellation() }
        let survey = try RowSurvey.look(
            at: storage,
            directions: spectrum.strongestDirections(Self.groupingWidth),
            width: spectrum.energies.isEmpty ? 0 : min(Self.groupingWidth, dimension),
            workers: workers,
            check: check
        )
        if options.invalidRows == .reject, survey.norms.contains(where: { !($0 <= RowStatistics.normLimit) }) {
            try InvalidRowCheck.reject(storage, side: .corpus, options)
        }
        let encoding = Self.encoding(metric: metric, dimension: dimension, rotation: rotation)
        let order = try Self.order(survey.norms, survey.components, metric: metric)
        guard
            let image = CodeImage(
                shape: CodeShape(
                    dimension: dimension,
                    prefix: prefix,
                    codesTail: codesTail,
                    profile: options.level.codes
                ),
                rowCount: order.count,
                hasOffsets: encoding.offsetFactor != nil
            )
        else { throw SimilarityError.tooLarge("\(order.count) rows are too many for a prepared corpus") }
        let coded = try CodedRows(
            encoding: storage,
            order: order,
            norms: survey.norms,
            image: image,
            by: encoding,
            level: options.level,
            workers: workers,
            check: check
        )
        self.init(vectors: vectors, metric: metric, coded: coded, encoding: encoding)
    }

    /// How rows of a metric are coded.
    package static func encoding(metric: Metric, dimension: Int, rotation: Rotation) -> CodedRows.Encoding {
        CodedRows.Encoding(
            rotation: rotation,
            normalizes: metric == .cosine,
            offsetFactor: metric == .euclidean ? FilterBound.euclideanOffsetFactor(dimension: dimension) : nil
        )
    }

    /// Components by which rows are grouped.
    private static let groupingWidth = 12

    /// Rows that have a score, ordered so that the rows of a block are alike: by norm, as far as the codes see it, in steps of
    /// an eighth of an octave, and within a step near rows together.
    private static func order(_ norms: [Double], _ components: [Float], metric: Metric) throws -> [UInt32] {
        guard norms.count <= Int(UInt32.max) else {
            throw SimilarityError.tooLarge("\(norms.count) rows are too many for a prepared corpus")
        }
        var levels: [UInt64: [UInt32]] = [:]
        for row in norms.indices where !metric.excludes(norm: norms[row]) {
            // The exponent and three bits of the significand, rounded so that norms of about 1 share a level.
            let level = metric == .cosine || norms[row] == 0 ? 0 : (norms[row] * 1.0625).bitPattern >> 49
            levels[level, default: []].append(UInt32(row))
        }
        let width = norms.isEmpty ? 0 : components.count / norms.count
        let grouping = RowGrouping(components: components, width: width, blockRows: CodeLayout.blockRows)
        return levels.keys.sorted().flatMap { grouping.grouped(levels[$0] ?? []) }
    }
}
