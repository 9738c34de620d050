// SPDX-License-Identifier: Apache-2.0
//
// k-means over codes: the bytes of k-means without a filter, for rows that leave codes as little to see as they can, at every level.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct CodedAssignmentTests {
    private static func expectSame(
        _ rows: [[Float]],
        clusters: Int,
        metric: Metric,
        levels: [KernelLevel] = [.current],
        _ about: String
    ) throws {
        let matrix = VectorMatrix(rows: rows)
        var clustering = ClusteringOptions()
        clustering.start = .random
        clustering.iterationLimit = 4
        clustering.tolerance = 0
        func found(_ engine: Engine, _ level: KernelLevel, workers: Int) throws -> Clustering? {
            var options = RunOptions(engine: engine, workers: Workers(count: workers), invalidRows: .skip)
            options.level = level
            do {
                return try matrix.clusters(clusters, metric: metric, clustering: clustering, options: options)
            } catch let error as SimilarityError where error.code == .tooFewRows {
                return nil
            }
        }
        let expected = try found(.reference, .current, workers: 2)
        for level in levels {
            for workers in [1, 3] {
                let other = try found(.bounded, level, workers: workers)
                #expect(other?.labels == expected?.labels, "\(about), \(metric), \(level)")
                #expect(other?.scores.map(\.bitPattern) == expected?.scores.map(\.bitPattern), "\(about), \(metric)")
                #expect(other?.inertia.bitPattern == expected?.inertia.bitPattern)
                for i in 0..<(expected?.count ?? 0) { #expect(other?.centroids[i] == expected?.centroids[i]) }
            }
        }
    }

    @Test(arguments: HostileRows.allCases, [Metric.cosine, .euclidean])
    func `hostile rows`(kind: HostileRows, metric: Metric) throws {
        var random = SplitMix64(seed: 12)
        for (count, dimension, clusters) in [(30, 3, 4), (520, 17, 5), (1_100, 64, 40)] {
            let rows = kind.make(count, dimension: dimension, random: &random)
            try Self.expectSame(rows, clusters: clusters, metric: metric, "\(kind), \(count)")
        }
    }

    /// More centroids than a block of queries has, and rows without a score.
    @Test(arguments: [Metric.cosine, .euclidean]) func `many centroids`(metric: Metric) throws {
        var random = SplitMix64(seed: 13)
        var rows = HostileRows.decaying.make(1_300, dimension: 20, random: &random)
        rows[7] = Array(repeating: 0, count: 20)
        rows[600] = Array(repeating: .nan, count: 20)
        try Self.expectSame(rows, clusters: 600, metric: metric, "many")
    }

    @Test(arguments: [Metric.cosine, .euclidean]) func `every level`(metric: Metric) throws {
        var random = SplitMix64(seed: 14)
        let rows = HostileRows.decaying.make(700, dimension: 130, random: &random)
        try Self.expectSame(rows, clusters: 24, metric: metric, levels: KernelLevel.available, "levels")
    }
}
