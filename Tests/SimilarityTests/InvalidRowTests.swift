// SPDX-License-Identifier: Apache-2.0
//
// Rows with a NaN, an infinity or a norm above 1e19: rejected with their count and the first of them, or skipped with
// row numbers kept. Every operation and engine; invalid rows first, last, on tile edges, on either side.

import Similarity
import Testing
import VectorTestSupport

@Suite struct InvalidRowTests {
    private static let bad: [[Float]] = [
        [.nan, 0, 0], [0, .infinity, 0], [0, 0, -.infinity], [9e18, 9e18, 0], [.greatestFiniteMagnitude, 0, 0],
    ]
    private static func rows(badAt places: [Int]) -> [[Float]] {
        var rows = clusteredRows(count: 40, dimension: 3, seed: 13, zeroRows: false)
        for (i, place) in places.enumerated() { rows[place] = bad[i % bad.count] }
        return rows
    }
    private static func options(_ engine: Engine, _ invalid: RunOptions.InvalidRows) -> RunOptions {
        var options = RunOptions(engine: engine, invalidRows: invalid)
        options.tilePlan = TilePlan(queries: 6, rows: 8, tilesPerSegment: 1)
        return options
    }

    @Test(
        "they are rejected with their count, their numbers and their side",
        arguments: Engine.available,
        [[0], [39], [7, 8, 16], [5, 6, 11, 12, 13, 20, 22, 24, 26, 28, 30, 32]]
    )
    func rejected(engine: Engine, places: [Int]) throws {
        let clean = VectorMatrix(rows: Self.rows(badAt: []))
        let dirty = VectorMatrix(rows: Self.rows(badAt: places))
        let options = Self.options(engine, .reject)
        let operations: [(SimilarityError.Side, () throws -> Void)] = [
            (.corpus, { _ = try dirty.nearest(to: clean, k: 2, options: options) }),
            (.queries, { _ = try clean.nearest(to: dirty, k: 2, options: options) }),
            (.queries, { _ = try dirty.selfJoin(threshold: 0.9, options: options) }),
            (.corpus, { _ = try clean.join(dirty, threshold: 0.9, options: options) }),
            (.queries, { _ = try dirty.similarityMatrix(options: options) }),
            (.corpus, { _ = try clean.similarityMatrix(with: dirty, options: options) }),
        ]
        for (i, (side, operation)) in operations.enumerated() {
            let error = #expect(throws: SimilarityError.self) { try operation() }
            #expect(error?.code == .invalidRows && error?.side == side, "operation \(i)")
            let numbers = places.prefix(10).map(String.init).joined(separator: ", ")
            let expected =
                "\(places.count) invalid row\(places.count == 1 ? "" : "s") (\(numbers)\(places.count > 10 ? ", ..." : "")"
            #expect(error?.description.hasPrefix(expected) == true, "\(error?.description ?? "")")
        }
    }

    @Test("they are rejected although the other side or k leaves nothing to do", arguments: Engine.available)
    func rejectedWithoutWork(engine: Engine) {
        let dirty = VectorMatrix(rows: Self.rows(badAt: [4]))
        let none = VectorMatrix(rowCount: 0, dimension: 3, values: [])
        let options = RunOptions(engine: engine)
        #expect(throws: SimilarityError.self) { try dirty.nearest(to: none, k: 2, options: options) }
        #expect(throws: SimilarityError.self) { try none.nearest(to: dirty, k: 2, options: options) }
        #expect(throws: SimilarityError.self) { try dirty.nearest(to: dirty, k: 0, options: options) }
        #expect(throws: SimilarityError.self) { try dirty.join(none, threshold: 0, options: options) }
    }

    @Test(
        "skipped, they are nobody's neighbors and have none, and numbers count them",
        arguments: Engine.available,
        Metric.allCases
    )
    func skipped(engine: Engine, metric: Metric) throws {
        let rows = Self.rows(badAt: [0, 7, 8, 15, 16, 39])
        let oracle = ScoreOracle(metric: metric, queries: rows, corpus: rows)
        let matrix = VectorMatrix(rows: rows)
        let options = Self.options(engine, .skip)
        let found = try matrix.nearest(to: matrix, k: 50, metric: metric, options: options)
        #expect(found.entries == oracle.nearest(k: 50))
        #expect(found[7].isEmpty)
        let joined = try matrix.selfJoin(threshold: 1, metric: metric, options: options)
        #expect(joined.entries(leftCount: 40) == oracle.join(threshold: 1, triangle: true))
    }

    @Test("a norm of exactly 1e19 or a little less is valid, a little more is not")
    func limit() throws {
        // The largest float below 1e19 and the next one, which is above.
        let below = Float(1e19).nextDown
        let statistics = try VectorMatrix(rows: [[below], [Float(1e19)], [Float(1e19).nextUp], [0], [-3]]).statistics()
        let valid = [below, Float(1e19), Float(1e19).nextUp].filter { Double($0) <= 1e19 }.count
        #expect(statistics.invalidRowCount == 3 - valid && statistics.zeroRowCount == 1)
        #expect(statistics.normRange?.lowerBound == 0)
    }

    @Test("statistics are the same at any number of workers")
    func statistics() throws {
        var rows = embeddingLikeRows(count: 3000, dimension: 700, seed: 3)
        for place in [0, 1400, 1500, 2999] { rows[place][3] = .nan }
        rows[77] = Array(repeating: -0.0, count: 700)
        let matrix = VectorMatrix(rows: rows)
        let one = try matrix.statistics(workers: .single)
        #expect(one.firstInvalidRows == [0, 1400, 1500, 2999] && one.invalidRowCount == 4 && one.zeroRowCount == 1)
        for workers in [2, 3, 5] { #expect(try matrix.statistics(workers: Workers(count: workers)) == one) }
    }
}
