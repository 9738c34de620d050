// SPDX-License-Identifier: Apache-2.0
//
// Holds the bounded engine, with a basis and a prefix of the test's choice, to the bytes of `reference`: rows and the bits of
// scores, for searches with and without the query's own row, joins of two sides and self-joins, at any number of workers.

import Similarity
import SimilarityKernels
import Testing
import VectorTestSupport

struct BoundedCheck {
    let metric: Metric
    let corpus: VectorMatrix
    let queries: VectorMatrix
    /// Said when something differs.
    let about: String

    init(_ metric: Metric, corpus: [[Float]], queries: [[Float]], about: String = "") {
        self.metric = metric
        self.corpus = VectorMatrix(rows: corpus)
        self.queries = VectorMatrix(rows: queries)
        self.about = about
    }

    /// What is asked of the engine.
    enum Job: Hashable, CustomStringConvertible {
        case nearest(k: Int)
        /// Of the corpus to itself.
        case others(k: Int)
        /// Reported thresholds.
        case join(threshold: Float)
        case selfJoin(threshold: Float)

        var description: String {
            switch self {
            case .nearest(let k): "the nearest \(k)"
            case .others(let k): "the nearest \(k) others"
            case .join(let threshold): "a join at \(threshold)"
            case .selfJoin(let threshold): "a self-join at \(threshold)"
            }
        }
    }

    /// A basis that leaves vectors as they are: prefix and tail are then the test's own coordinates.
    static func identity(dimension: Int) throws -> Spectrum {
        try Spectrum(of: VectorMatrix(rows: [[Float](repeating: 1, count: dimension)]).storage, options: RunOptions())
    }

    /// The corpus with a prefix; the basis is the identity if none is given.
    func prepared(
        prefix: Int,
        codesTail: Bool = true,
        spectrum: Spectrum? = nil,
        workers: Int = 1,
        level: KernelLevel = .current
    ) throws -> PreparedCorpus {
        var options = RunOptions(engine: .bounded, workers: Workers(count: workers))
        options.level = level
        options.invalidRows = .skip
        let spectrum = try spectrum ?? Self.identity(dimension: corpus.dimension)
        return try PreparedCorpus(
            corpus,
            metric: metric,
            spectrum: spectrum,
            prefix: prefix,
            codesTail: codesTail,
            options: options
        )
    }

    /// What every engine must give, by plain loops.
    func expected(_ job: Job) throws -> Found { try run(job, engine: .reference) }

    func run(_ job: Job, engine: Engine, workers: Int = 1, level: KernelLevel = .current) throws -> Found {
        var options = RunOptions(engine: engine, workers: Workers(count: workers))
        options.level = level
        options.invalidRows = .skip
        switch job {
        case .nearest(let k): return Found(try corpus.nearest(to: queries, k: k, metric: metric, options: options))
        case .others(let k):
            return Found(try corpus.nearest(to: corpus, k: k, metric: metric, excludingSelf: true, options: options))
        case .join(let threshold):
            return Found(try queries.join(corpus, threshold: threshold, metric: metric, options: options))
        case .selfJoin(let threshold):
            return Found(try corpus.selfJoin(threshold: threshold, metric: metric, options: options))
        }
    }

    func run(
        _ job: Job,
        with prepared: PreparedCorpus,
        workers: Int = 1,
        level: KernelLevel = .current
    ) throws -> Found {
        var options = RunOptions(engine: .bounded, workers: Workers(count: workers))
        options.level = level
        options.invalidRows = .skip
        switch job {
        case .nearest(let k): return Found(try prepared.nearest(to: queries, k: k, options: options))
        case .others(let k): return Found(try prepared.nearest(to: corpus, k: k, excludingSelf: true, options: options))
        case .join(let threshold):
            return Found(try prepared.join(from: queries, threshold: threshold, options: options))
        case .selfJoin(let threshold): return Found(try prepared.selfJoin(threshold: threshold, options: options))
        }
    }

    /// Levels whose integer kernels differ, but for the slow ones, which `LevelSweepTests` runs.
    static let fastLevels = KernelLevel.available.suffix(2)

    /// Compares all jobs for all prefixes, with the tail coded and only measured, workers and the two fastest levels; true if
    /// nothing differs.
    @discardableResult
    func expectSame(
        _ jobs: [Job],
        prefixes: [Int],
        spectrum: Spectrum? = nil,
        workers: [Int] = [1],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Bool {
        var isSame = true
        let settings = prefixes.flatMap { prefix in
            (prefix < corpus.dimension ? [true, false] : [true]).map { (prefix: prefix, codesTail: $0) }
        }
        let prepared = try settings.flatMap { setting in
            try Self.fastLevels.map { level in
                (
                    setting, level,
                    try self.prepared(
                        prefix: setting.prefix,
                        codesTail: setting.codesTail,
                        spectrum: spectrum,
                        workers: workers[0],
                        level: level
                    )
                )
            }
        }
        for job in jobs {
            let expected = try expected(job)
            for (setting, level, prepared) in prepared {
                for count in workers {
                    let found = try run(job, with: prepared, workers: count, level: level)
                    if found.entries == expected.entries { continue }
                    isSame = false
                    Issue.record(
                        "\(about) \(metric), prefix \(setting.prefix)\(setting.codesTail ? "" : " alone"), \(count) workers, \(level), \(job): \(found.difference(from: expected))",
                        sourceLocation: sourceLocation
                    )
                }
            }
        }
        return isSame
    }

    /// The reported score of a query and a row.
    func score(_ query: Int, _ row: Int) throws -> Float {
        let oracle = ScoreOracle(metric: metric, queries: [queries[query]], corpus: [corpus[row]])
        return metric.reported(try #require(oracle.score(0, 0)))
    }
}

/// A result in a form that can be compared.
struct Found {
    /// A triple for every neighbor or pair, in the order of the result.
    struct Entry: Hashable {
        let query: Int
        let row: Int
        let bits: UInt32
    }

    let entries: [Entry]
    let counters: RunCounters

    init(_ found: NearestNeighbors) {
        entries = found.indices.flatMap { query in
            found[query].map { Entry(query: query, row: $0.row, bits: $0.score.bitPattern) }
        }
        counters = found.counters
    }

    init(_ joined: SelfJoin) { self.init(Join(joined)) }

    init(_ joined: Join) {
        entries = joined.pairs.map { Entry(query: $0.a, row: $0.b, bits: $0.score.bitPattern) }
        counters = joined.counters
    }

    func difference(from expected: Found) -> String {
        let missing = Set(expected.entries).subtracting(entries).sorted { ($0.query, $0.row) < ($1.query, $1.row) }
        let extra = Set(entries).subtracting(expected.entries).sorted { ($0.query, $0.row) < ($1.query, $1.row) }
        func list(_ some: [Entry]) -> String {
            some.prefix(3).map { "(\($0.query), \($0.row), \(Float(bitPattern: $0.bits)))" }.joined(separator: " ")
        }
        return "\(entries.count) of \(expected.entries.count), \(missing.count) missing: \(list(missing)), "
            + "\(extra.count) too many: \(list(extra))"
    }
}
