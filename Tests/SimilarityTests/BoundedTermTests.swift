// SPDX-License-Identifier: Apache-2.0
//
// Each term of the bounded engine's slack has a test whose data needs it: vectors for which the codes, and all other terms,
// see next to nothing of a score, and the term alone stands for it. Drop a term from `CodeBound` and its test fails. Bases are
// the identity, so that prefix and tail are the coordinates written here; the cut is the victim's own score, and every metric
// is tried. Names: `h`, `e`, `a`, `b` as in `CodeBound`.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

@Suite struct BoundedTermTests {
    /// Row 0 of the corpus is what query 0 must find; the other rows and queries only set scales.
    private static func attack(
        _ about: String,
        prefix: Int,
        queries: [[Float]],
        rows: [[Float]],
        metrics: [Metric] = Metric.allCases
    ) throws {
        for metric in metrics {
            // Two queries at least, or one alone, take different kernels.
            for queryCount in [1, queries.count + 3] {
                let check = BoundedCheck(
                    metric,
                    corpus: rows,
                    queries: queries + Array(repeating: queries[0], count: queryCount - 1),
                    about: about
                )
                let score = try check.score(0, 0)
                let jobs: [BoundedCheck.Job] = [.join(threshold: score), .nearest(k: 1), .nearest(k: rows.count)]
                try check.expectSame(jobs, prefixes: [prefix])
                let found = try check.run(.join(threshold: score), with: check.prepared(prefix: prefix))
                #expect(found.entries.contains { $0.query == 0 && $0.row == 0 }, "\(about), \(metric)")
            }
            // As rows of one set, where a pair may pass by the cut of either.
            for all in [queries + rows, rows + queries] {
                let check = BoundedCheck(metric, corpus: all, queries: queries, about: "\(about), among themselves")
                try check.expectSame([.others(k: 1), .others(k: 2), .others(k: all.count)], prefixes: [prefix])
            }
        }
    }

    private static func vector(_ dimension: Int, _ value: (Int) -> Float) -> [Float] { (0..<dimension).map(value) }

    @Test("tail: b_q b_x", arguments: [(8, 9), (4, 16), (32, 64), (200, 60), (1, 1)])
    func tail(prefix: Int, tail: Int) throws {
        // Nothing in common in the prefix, everything in the tail.
        let d = prefix + tail
        let row = Self.vector(d) { $0 < prefix ? 0 : Float($0 % 3 + 1) }
        let query = Self.vector(d) { $0 < prefix ? 0 : Float($0 % 3 + 1) }
        let other = Self.vector(d) { $0 == 0 ? 1 : 0 }
        try Self.attack("tail", prefix: prefix, queries: [query, other], rows: [row, other])
        // And against the prefix.
        let against = Self.vector(d) { $0 == 0 ? -0.5 : query[$0] }
        let along = Self.vector(d) { $0 == 0 ? 0.5 : row[$0] }
        try Self.attack("tail against prefix", prefix: prefix, queries: [against], rows: [along, other])
    }

    @Test("row residual: h_q e_x", arguments: [32, 100, 128, 300])
    func rowResidual(prefix: Int) throws {
        // Every coordinate of the row's prefix is just below half a code, because another row of its block sets the scale; the
        // query sees none of the tail that makes all rows equally long.
        let d = prefix + 1
        let step: Float = 1 / 127
        let row = Self.vector(d) { $0 < prefix ? 0.49 * step : 1 }
        let spike = Self.vector(d) { $0 == 0 ? 1 : 0 }
        let query = Self.vector(d) { $0 < prefix ? 1 : 0 }
        try Self.attack("row residual", prefix: prefix, queries: [query], rows: [row, spike, spike.map { -$0 }])
        // Without a tail.
        let short = Self.vector(prefix) { $0 == 0 ? 1 : 0.49 * step }
        let blind = Self.vector(prefix) { $0 == 0 ? 0 : 1 }
        try Self.attack("row residual", prefix: prefix, queries: [blind], rows: [short])
    }

    @Test("query residual: e_q a_x", arguments: [37, 101, 128, 290])
    func queryResidual(prefix: Int) throws {
        // One large coordinate makes the codes of the others 0, and the row has only the others.
        let query = Self.vector(prefix) { $0 == 0 ? 63 : 0.49 }
        let row = Self.vector(prefix) { $0 == 0 ? 0 : 1 }
        try Self.attack("query residual", prefix: prefix, queries: [query], rows: [row])
        let withTail = [0, 0, 0] as [Float]
        try Self.attack("query residual", prefix: prefix, queries: [query + withTail], rows: [row + withTail])
    }

    @Test("row residual of the tail: h'_q e'_x", arguments: [(4, 65), (16, 200), (1, 20)])
    func tailRowResidual(prefix: Int, tail: Int) throws {
        let d = prefix + tail
        let row = Self.vector(d) { $0 < prefix ? 0 : $0 == prefix ? 127 : 0.49 }
        let query = Self.vector(d) { $0 <= prefix ? 0 : 1 }
        try Self.attack("row residual of the tail", prefix: prefix, queries: [query], rows: [row])
    }

    @Test("query residual of the tail: e'_q b_x", arguments: [(4, 65), (16, 200), (1, 20)])
    func tailQueryResidual(prefix: Int, tail: Int) throws {
        let d = prefix + tail
        let query = Self.vector(d) { $0 < prefix ? 0 : $0 == prefix ? 30_000 : 0.49 }
        let row = Self.vector(d) { $0 <= prefix ? 0 : 1 }
        try Self.attack("query residual of the tail", prefix: prefix, queries: [query], rows: [row])
    }

    @Test("offset: 128 times the sum of a query's codes", arguments: [1, 4, 31, 128, 129, 500])
    func correction(dimension: Int) throws {
        // Sums of one sign, as large as they get, in both lanes or in one, that the stored 128 turns into the largest errors.
        for pattern in [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, -1, 1, -1], [1, 0, 0, 0]] as [[Float]] {
            for sign in [1, -1] as [Float] {
                let query = Self.vector(dimension) { sign * (pattern[$0 % 4] + 0.001) }
                let rows = [query.map { 2 * $0 }, query.map { -$0 }, Self.vector(dimension) { $0 == 0 ? 1 : 0.1 }]
                try Self.attack("offset", prefix: dimension, queries: [query], rows: rows)
            }
        }
    }

    @Test("half a step of the cut: lower(T), upper(T)")
    func halfStep() throws {
        // Zero rows have no residual, so that nothing but the half step covers what rounding the distance took away.
        let queries = (1...24).map { [Float($0), 1, 0.5] }
        let isRoundedDown = try queries.map { query in
            let check = BoundedCheck(.euclidean, corpus: [[0, 0, 0]], queries: [query])
            let exact = query.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            return Double(try check.score(0, 0)) < exact
        }
        try #require(isRoundedDown.contains(true) && isRoundedDown.contains(false))
        for query in queries {
            try Self.attack("half a step", prefix: 3, queries: [query], rows: [[0, 0, 0]], metrics: [.euclidean])
        }
    }

    @Test("offset of a row: o_x, rounded down")
    func rowOffset() throws {
        // The query is zero, so that a distance is made of the offset alone.
        var random = SplitMix64(seed: 21)
        for _ in 0..<40 {
            let row = [1 + Float(random.below(1 << 23)) * 0x1p-23]
            try Self.attack("offset of a row", prefix: 1, queries: [[0]], rows: [row], metrics: [.euclidean])
        }
    }

    @Test("defect of the rotation: delta |q||x|", arguments: Metric.allCases)
    func defect(metric: Metric) throws {
        // A basis that is too short, as the eigenvectors of no real problem are: it takes from every product.
        let (dimension, short) = (4, Float(1 - 0x1p-12))
        let matrix = (0..<dimension * dimension).map { $0 % (dimension + 1) == 0 ? short : 0 }
        try Self.attack(metric, rotation: matrix, corpus: [[1, 1, 1, 1]], queries: [[1, 1, 1, 1], [1, 1, 1, 1]])
    }

    @Test("defect of the rotation: what is outside of too long a basis", arguments: Metric.allCases)
    func outside(metric: Metric) throws {
        // Too long a basis takes from what is left outside, and from a negative product inside.
        let query: [Float] = [-0.9, 0.4]
        try Self.attack(metric, rotation: [1 + 0x1p-12, 0], corpus: [[0.9, 0.4]], queries: [query, query])
    }

    /// Row 0 is what both queries must find, with a rotation that is off by about 2^-11.
    private static func attack(_ metric: Metric, rotation matrix: [Float], corpus: [[Float]], queries: [[Float]]) throws
    {
        let dimension = corpus[0].count
        let rotation = try Rotation(measuring: matrix, dimension: dimension, workers: 1)
        #expect(rotation.defect > 0x1p-12 && rotation.defect < 0x1p-9)
        let check = BoundedCheck(metric, corpus: corpus, queries: queries)
        let encoding = PreparedCorpus.encoding(metric: metric, dimension: dimension, rotation: rotation)
        let prefix = matrix.count / dimension
        for level in KernelLevel.available {
            let image = try #require(
                CodeImage(
                    shape: CodeShape(dimension: dimension, prefix: prefix, codesTail: false, profile: level.codes),
                    rowCount: 1,
                    hasOffsets: encoding.offsetFactor != nil
                )
            )
            let squared = corpus[0].reduce(0) { $0 + Double($1) * Double($1) }
            let coded = try CodedRows(
                encoding: check.corpus.storage,
                order: [0],
                norms: [squared.squareRoot()],
                image: image,
                by: encoding,
                level: level,
                workers: 1,
                check: {}
            )
            let prepared = PreparedCorpus(vectors: check.corpus, metric: metric, coded: coded, encoding: encoding)
            let job = BoundedCheck.Job.join(threshold: try check.score(0, 0))
            let found = try check.run(job, with: prepared, level: level)
            #expect(try found.entries == check.expected(job).entries && found.entries.count == 2)
        }
    }
}
