// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import VectorFiles

/// Which rows of an input stay, and a line for each that does not.
struct DedupOutcome {
    let metric: Metric
    /// A flag a row; rows that take no part do not stay.
    let isKept: [Bool]
    let lines: [DuplicateLine]
    let groupCount: Int?
    var counters: RunCounters?

    var keptCount: Int { isKept.count { $0 } }

    /// Drops near-duplicates of each other, of which these are all pairs.
    init(
        _ joined: JoinedPairs,
        rowCount: Int,
        skipped: [Int],
        linkage: DuplicateRemoval.Linkage,
        keeping: DuplicateRemoval.Keeping
    ) throws {
        let removal = try joined.removingDuplicates(rowCount: rowCount, linkage: linkage, keeping: keeping)
        var isDropped = [Bool](repeating: false, count: rowCount)
        for row in removal.dropped { isDropped[row.row] = true }
        // Each pair stands in one line: that of the dropped one of its rows, of two dropped ones the later.
        var pairs: [Int: [(row: Int, score: Float)]] = [:]
        for pair in joined.pairs {
            let (row, other) = isDropped[pair.b] ? (pair.b, pair.a) : (pair.a, pair.b)
            pairs[row, default: []].append((other, joined.metric.reported(pair.score)))
        }
        let metric = joined.metric
        lines = removal.dropped.map { dropped in
            DuplicateLine(
                row: dropped.row,
                kept: dropped.kept,
                score: dropped.score.map { metric.reported($0) },
                group: dropped.group,
                pairs: pairs[dropped.row] ?? []
            )
        }
        self.metric = metric
        isKept = Self.flags(rowCount, without: skipped + removal.dropped.map(\.row))
        groupCount = removal.groupCount
        counters = joined.counters
    }

    /// Drops rows that are too near to a row of another file, of which these are the nearest neighbors.
    init(_ found: NearestNeighbors, threshold: Float, skipped: [Int]) {
        let cut = found.metric.score(reported: threshold)
        lines = (0..<found.queryCount).compactMap { row in
            guard let nearest = found[row].first, nearest.score >= cut else { return nil }
            let score = found.metric.reported(nearest.score)
            return DuplicateLine(row: row, kept: nearest.row, score: score, group: nil, pairs: [(nearest.row, score)])
        }
        metric = found.metric
        isKept = Self.flags(found.queryCount, without: skipped + lines.map(\.row))
        groupCount = nil
        counters = found.counters
    }

    /// Does again what a report tells of, with a threshold within its own. No score is computed.
    init(
        _ earlier: EarlierReport,
        lines: [DuplicateLine],
        rowCount: Int,
        threshold: Float,
        linkage: DuplicateRemoval.Linkage,
        keeping: DuplicateRemoval.Keeping
    ) throws {
        let metric = earlier.metric
        let cut = metric.score(reported: threshold)
        if earlier.against != nil {
            let lines = lines.filter { $0.score.map { metric.score(reported: $0) >= cut } ?? false }
            let isKept = Self.flags(rowCount, without: earlier.skipped + lines.map(\.row))
            self.init(metric: metric, isKept: isKept, lines: lines, groupCount: nil)
            return
        }
        var pairs: [ScoredPair] = []
        for line in lines {
            for pair in line.pairs where metric.score(reported: pair.score) >= cut && pair.row != line.row {
                let score = metric.score(reported: pair.score)
                pairs.append(ScoredPair(a: min(pair.row, line.row), b: max(pair.row, line.row), score: score))
            }
        }
        pairs.sort { ($0.a, $0.b) < ($1.a, $1.b) }
        try self.init(
            JoinedPairs(metric: metric, pairs: pairs),
            rowCount: rowCount,
            skipped: earlier.skipped,
            linkage: linkage,
            keeping: keeping
        )
        counters = nil
    }

    private init(metric: Metric, isKept: [Bool], lines: [DuplicateLine], groupCount: Int?) {
        self.metric = metric
        self.isKept = isKept
        self.lines = lines
        self.groupCount = groupCount
    }

    private static func flags(_ rowCount: Int, without rows: [Int]) -> [Bool] {
        var flags = [Bool](repeating: true, count: rowCount)
        for row in rows where row < rowCount { flags[row] = false }
        return flags
    }
}
