// SPDX-License-Identifier: Apache-2.0

internal import System

extension VectorMatrix {
    /// Clusters of the rows by k-means: Lloyd's iterations, spherical ones for ``Metric/cosine``.
    ///
    /// Each row goes to the centroid that is nearest by its canonical score, of equal ones to the lower, as a search for one neighbor would find it; so
    /// labels and centroids are the same bytes for the same rows, options and start on every machine, with any engine and at any
    /// number of workers. A cluster that loses all of its rows gets the row that is farthest from its own centroid.
    ///
    /// - Parameters:
    ///   - count: Clusters, at least 1.
    ///   - metric: ``Metric/cosine``, where rows count as unit vectors, or ``Metric/euclidean``.
    ///   - clustering: Start, iterations, sample and seed.
    ///   - options: Engine, workers, cancellation, and what happens to invalid rows.
    /// - Complexity: `n * k * d` multiply-adds an iteration at most, for n rows, k clusters and d dimensions, and as many for a start by
    ///   ``ClusteringOptions/Start/plusPlus``. Memory: about 40 bytes a row and 24 a component of the centroids; a sample is copied.
    /// - Throws: ``SimilarityError`` if rows are invalid, if there are fewer distinct rows than clusters, or if centroids that are given have
    ///   another dimension, another number or invalid rows, for fewer than one cluster, an option below 0, and ``Metric/dot``, for which there is no mean;
    ///   `CancellationError` if cancelled.
    public func clusters(
        _ count: Int,
        metric: Metric = .cosine,
        clustering: ClusteringOptions = ClusteringOptions(),
        options: RunOptions = RunOptions()
    ) throws -> Clustering {
        try SimilarityError.require(count >= 1, "\(count) clusters; expected at least 1")
        try SimilarityError.require(metric != .dot, "the metric is dot; k-means needs distances: cosine or euclidean")
        try SimilarityError.require(
            clustering.iterationLimit >= 0 && clustering.tolerance >= 0,
            "\(clustering.iterationLimit) iterations with the tolerance \(clustering.tolerance); expected none below 0"
        )
        if options.invalidRows == .reject { try InvalidRowCheck.reject(storage, side: .queries, options) }
        var generator = SeededGenerator(seed: clustering.seed)
        var rows = self
        if let size = clustering.sampleSize, size < rowCount {
            rows = selecting(generator.sample(max(size, min(count, rowCount)), below: rowCount))
        }
        var fit = try ClusterFit(rows, metric: metric, clustering: clustering, options: options)
        try fit.start(count, generator: &generator)
        try fit.iterate()
        let isSample = rows.rowCount < rowCount
        let final = isSample ? try ClusterAssignment(self, fit.centroids, metric, options) : fit.assignment
        return Clustering(
            metric: metric,
            centroids: fit.centroids,
            labels: final.labels.map { $0 < 0 ? nil : Int($0) },
            scores: final.scores.map { metric.reported($0) },
            inertia: final.inertia(metric),
            iterationCount: fit.iterationCount,
            hasConverged: fit.hasConverged
        )
    }
}

/// Which centroid is nearest to each row.
struct ClusterAssignment {
    /// -1 for rows that take no part.
    var labels: [Int32]
    /// Canonical scores with the nearest centroid; NaN for rows that take no part.
    var scores: [Float]
    /// The engine that found them.
    let engine: Engine

    init(_ rows: VectorMatrix, _ centroids: VectorMatrix, _ metric: Metric, _ options: RunOptions) throws {
        var options = options.quiet
        // A centroid is never invalid, and rows have been looked at.
        options.invalidRows = .skip
        let found = try centroids.nearest(to: rows, k: 1, metric: metric, options: options)
        engine = found.counters.engine
        if found.rows.count == rows.rowCount {
            labels = found.rows.map { Int32(truncatingIfNeeded: $0) }
            scores = found.scores.map { metric.score(reported: $0) }
            return
        }
        labels = [Int32](repeating: -1, count: rows.rowCount)
        scores = [Float](repeating: .nan, count: rows.rowCount)
        for row in 0..<rows.rowCount where found.offsets[row] < found.offsets[row + 1] {
            labels[row] = Int32(truncatingIfNeeded: found.rows[found.offsets[row]])
            scores[row] = metric.score(reported: found.scores[found.offsets[row]])
        }
    }

    /// The squared distance of a row from its centroid; of unit vectors for cosines.
    static func squaredDistance(_ score: Float, _ metric: Metric) -> Double {
        metric == .cosine ? max(0, 2 - 2 * Double(score)) : Double(score) * Double(score)
    }

    func inertia(_ metric: Metric) -> Double {
        var sum = 0.0
        for row in labels.indices where labels[row] >= 0 { sum += Self.squaredDistance(scores[row], metric) }
        return sum
    }
}
