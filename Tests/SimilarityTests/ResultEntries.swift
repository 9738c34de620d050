// SPDX-License-Identifier: Apache-2.0
//
// Results in the form of the oracle's, and the engines and tile plans that every suite goes through.

import Similarity
import VectorTestSupport

extension NearestNeighbors {
    /// The neighbors of each query, compared by row and by the bits of the score.
    var entries: [[ScoreOracle.Entry]] {
        map { neighbors in neighbors.map { ScoreOracle.Entry(row: $0.row, score: $0.score) } }
    }
}

extension SelfJoin {
    /// The same of a self-join.
    func entries(leftCount: Int) -> [[ScoreOracle.Entry]]? { Join(self).entries(leftCount: leftCount) }
}

extension Join {
    /// The pairs of each left row; nil if they are not ordered by `a`, then `b`, each once.
    func entries(leftCount: Int) -> [[ScoreOracle.Entry]]? {
        var lists = [[ScoreOracle.Entry]](repeating: [], count: leftCount)
        for (pair, next) in zip(pairs, pairs.dropFirst()) where (pair.a, pair.b) >= (next.a, next.b) { return nil }
        for pair in pairs { lists[pair.a].append(ScoreOracle.Entry(row: pair.b, score: pair.score)) }
        return lists
    }
}

/// Every way to do the same work: engines, tile plans (nil: the planned one) and numbers of workers.
struct Way: Sendable, CustomStringConvertible {
    let engine: Engine
    let plan: TilePlan?
    let workers: Int

    /// All engines with tiles from 3 x 16 to larger than the input, at 1, 2, 3 and 5 workers.
    static let all: [Way] = Engine.available.flatMap { engine in
        plans.flatMap { plan in [1, 2, 3, 5].map { Way(engine: engine, plan: plan, workers: $0) } }
    }

    static let plans: [TilePlan?] = [
        nil, TilePlan(queries: 3, rows: 16, tilesPerSegment: 1),
        TilePlan(queries: 4, rows: 7, tilesPerSegment: 2), TilePlan(queries: 50, rows: 33, tilesPerSegment: 2),
        TilePlan(queries: 1000, rows: 64, tilesPerSegment: 1),
    ]

    var options: RunOptions {
        var options = RunOptions(engine: engine, workers: Workers(count: workers))
        options.tilePlan = plan
        return options
    }

    var description: String { "\(engine), \(plan.map(\.description) ?? "planned"), \(workers) workers" }
}
