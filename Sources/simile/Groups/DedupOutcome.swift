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
        _ joined: SelfJoin,
        skipped: [Int],
        linkage: DuplicateRemoval.Linkage,
        keeping: DuplicateRemoval.Keeping
    ) throws {
        let removal = try joined.removingDuplicates(linkage: linkage, keeping: keeping)
        let rowCount = joined.rowCount
        var isDropped = [Bool](repeating: false, count: rowCount)
        for row in removal.dropped { isDropped[row.row] = true }
        // Each pair stands in one line: that of the dropped one of its rows, of two dropped ones the later.
        var pairs: [Int: [(row: Int, score: Float)]] = [:]
        for pair in joined.pairs {
            let (row, other) = isDropped[pair.b] ? (pair.b, pair.a) : (pair.a, pair.b)
            pairs[row, default: []].append((other, pair.score))
        }
        let metric = joined.metric
        lines = removal.dropped.map { dropped in
            DuplicateLine(
                row: dropped.row,
                kept: dropped.kept,
                score: dropped.score,
                group: dropped.group,
                pairs: pairs[dropped.row] ?? []
            )
        }
        self.metric = metric
        isKept = Self.flags(rowCount, without: skipped + removal.dropped.map(\.row))
        groupCount = removal.groupCount
        counters = joined.counters
    }

    /// The same where the pairs are those of rows that stand for classes of equal ones, numbered as the classes are.
    init(
        _ joined: SelfJoin,
        of copies: RowCopies,
        skipped: [Int],
        linkage: DuplicateRemoval.Linkage,
        keeping: DuplicateRemoval.Keeping
    ) throws {
        let metric = joined.metric
        let removal = try joined.removingDuplicates(
            of: copies,
            linkage: linkage,
            keeping: keeping
        )
        let rowCount = copies.classOfRow.count
        var isDropped = [Bool](repeating: false, count: rowCount)
        for row in removal.dropped { isDropped[row.row] = true }
        var pairs: [Int: [(row: Int, score: Float)]] = [:]
        for pair in joined.pairs {
            let (a, b) = (copies.representatives[pair.a], copies.representatives[pair.b])
            let (row, other) = isDropped[b] ? (b, a) : (a, b)
            pairs[row, default: []].append((other, pair.score))
        }
        lines = removal.dropped.map { dropped in
            let standing = copies.representatives[copies.classOfRow[dropped.row]]
            let isCopy = standing != dropped.row
            return DuplicateLine(
                row: dropped.row,
                kept: dropped.kept,
                score: dropped.score,
                group: dropped.group,
                pairs: isCopy ? [(standing, metric.scoreOfCopies)] : pairs[dropped.row] ?? [],
                copyOf: isCopy ? standing : nil
            )
        }
        self.metric = metric
        isKept = Self.flags(rowCount, without: skipped + removal.dropped.map(\.row))
        groupCount = removal.groupCount
        counters = joined.counters
    }

    /// Drops rows that are too near to a row of another file, of which these are the nearest neighbors.
    init(_ found: NearestNeighbors, threshold: Float, skipped: [Int]) {
        lines = found.enumerated().compactMap { row, neighbors in
            guard let nearest = neighbors.first, !found.metric.isBetter(threshold, than: nearest.score) else {
                return nil
            }
            return DuplicateLine(
                row: row,
                kept: nearest.row,
                score: nearest.score,
                group: nil,
                pairs: [(nearest.row, nearest.score)]
            )
        }
        metric = found.metric
        isKept = Self.flags(found.count, without: skipped + lines.map(\.row))
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
        let reaches = { (score: Float) in !metric.isBetter(threshold, than: score) }
        if earlier.against != nil {
            let lines = lines.filter { $0.score.map(reaches) ?? false }
            let isKept = Self.flags(rowCount, without: earlier.skipped + lines.map(\.row))
            self.init(metric: metric, isKept: isKept, lines: lines, groupCount: nil)
            return
        }
        if lines.contains(where: { $0.copyOf != nil }) {
            try self.init(copiesOf: lines, metric, threshold, rowCount, earlier.skipped, linkage, keeping)
            return
        }
        var pairs: [ScoredPair] = []
        for line in lines {
            for pair in line.pairs where reaches(pair.score) && pair.row != line.row {
                pairs.append(ScoredPair(a: min(pair.row, line.row), b: max(pair.row, line.row), score: pair.score))
            }
        }
        pairs.sort(by: ScoredPair.precedes)
        try self.init(
            SelfJoin(pairs, metric: metric, rowCount: rowCount),
            skipped: earlier.skipped,
            linkage: linkage,
            keeping: keeping
        )
        counters = nil
    }

    /// Does again what a report tells of in which rows stand for their copies. What stood for them then may be another row than what stands for
    /// them now.
    private init(
        copiesOf lines: [DuplicateLine],
        _ metric: Metric,
        _ threshold: Float,
        _ rowCount: Int,
        _ skipped: [Int],
        _ linkage: DuplicateRemoval.Linkage,
        _ keeping: DuplicateRemoval.Keeping
    ) throws {
        let reaches = { (score: Float) in !metric.isBetter(threshold, than: score) }
        var firsts = Array(0..<rowCount)
        for line in lines {
            // With a cosine above 1 not even copies are near each other.
            guard let standing = line.copyOf, line.pairs.allSatisfy({ reaches($0.score) }) else {
                continue
            }
            firsts[line.row] = standing
        }
        // By the lowest row of each class, whichever stood for it.
        var lowest: [Int: Int] = [:]
        for (row, first) in firsts.enumerated() { lowest[first] = min(lowest[first] ?? row, row) }
        let copies = RowCopies(firsts: firsts.map { lowest[$0] ?? $0 }, keeping: keeping)
        var pairs: [ScoredPair] = []
        for line in lines where line.copyOf == nil {
            for pair in line.pairs where reaches(pair.score) {
                let (a, b) = (copies.classOfRow[line.row], copies.classOfRow[pair.row])
                if a == b { continue }
                pairs.append(ScoredPair(a: min(a, b), b: max(a, b), score: pair.score))
            }
        }
        pairs.sort(by: ScoredPair.precedes)
        try self.init(
            SelfJoin(pairs, metric: metric, rowCount: copies.classes.count),
            of: copies,
            skipped: skipped,
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
