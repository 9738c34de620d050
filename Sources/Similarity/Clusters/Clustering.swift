// SPDX-License-Identifier: Apache-2.0

/// Rows put into clusters by k-means, and the centroids of these.
public struct Clustering: Sendable {
    /// How rows and centroids are compared: ``Metric/cosine`` or ``Metric/euclidean``.
    public let metric: Metric
    /// The centroids, one a row; unit vectors for ``Metric/cosine``.
    public let centroids: VectorMatrix
    /// The cluster of each row; nil for rows that take no part: zero rows have no cosine, and invalid rows may be skipped.
    public let labels: [Int?]
    /// The score of each row with its centroid, the distance for ``Metric/euclidean``; NaN where there is no label.
    public let scores: [Float]
    /// The sum of squared distances of rows from their centroids, both of unit length for ``Metric/cosine``.
    public let inertia: Double
    /// Times that centroids were moved.
    public let iterationCount: Int
    /// Whether no row changed its cluster in the end.
    public let hasConverged: Bool

    /// Clusters.
    public var count: Int { centroids.rowCount }

    /// Rows of each cluster.
    public var sizes: [Int] {
        var sizes = [Int](repeating: 0, count: count)
        for case let label? in labels { sizes[label] += 1 }
        return sizes
    }

    /// The rows of each cluster that are nearest to its centroid, best first, of equal ones the lower.
    ///
    /// - Parameter limit: The most of each cluster.
    /// - Complexity: `n log n` for n rows.
    /// - Precondition: `limit >= 0`.
    public func nearestMembers(_ limit: Int) -> [[Neighbor]] {
        precondition(limit >= 0, "at most \(limit) members")
        var members = [[Neighbor]](repeating: [], count: count)
        for (row, label) in labels.enumerated() {
            if let label { members[label].append(Neighbor(row: row, score: scores[row])) }
        }
        return members.map { Array($0.sorted(by: metric.ranks).prefix(limit)) }
    }
}

/// How k-means goes about it.
public struct ClusteringOptions: Sendable {
    /// Where centroids begin.
    public enum Start: Sendable {
        /// Rows drawn with probabilities that grow with the squared distance to those that are drawn already, some at a time: k-means++
        /// (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007), in rounds of a sixteenth of the clusters
        /// in the manner of Bahmani et al., "Scalable k-means++", 2012.
        case plusPlus
        /// Rows drawn without regard to where they lie.
        case random
        /// These, one a row.
        case centroids(VectorMatrix)
    }

    /// Where centroids begin.
    public var start: Start = .plusPlus
    /// The most times that they are moved.
    public var iterationLimit = 25
    /// The fit ends when the inertia falls by less than this share of itself; 0 goes on until no row changes its cluster.
    public var tolerance = 1e-4
    /// Rows that centroids are fitted on, drawn by the seed; nil for all. In the end every row gets its label.
    public var sampleSize: Int?
    /// What every draw follows from.
    public var seed: UInt64 = 0

    /// k-means++, at most 25 iterations, all rows.
    public init() {}
}
