// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// One worker of a `BoundedWalk`: the filter for its block of queries, its sink, and the candidates that wait for a verdict.
struct BoundedWalker<Sink: TileSink>: ~Copyable {
    private let walk: BoundedWalk
    private let coded: CodedRows
    private let cutFloor: CutFloor
    private let metric: Metric
    // Of the walk, which is too large to be asked for every pair.
    private let pairing: Operation.Pairing
    private var pair: RowPair
    private var filter: CodeFilter
    private var range = 0..<0
    private(set) var block: Int?
    private var sink: Sink?
    private var verdicts = 0
    /// The cut of each query that the filter knows of.
    private var cuts: [Float] = []
    /// Candidates that are not proven worse than the cut, nor likely better.
    private var waiting: [CodeCandidate] = []
    /// Pairs of the sink that have been told of.
    private var reportedPairs = 0
    /// Rows that the block has seen: what a cold cut has to learn from.
    private var rowsSeen = 0

    init(_ walk: BoundedWalk) {
        self.walk = walk
        coded = walk.prepared.coded
        cutFloor = walk.prepared.cutFloor
        metric = walk.prepared.metric
        pairing = walk.pairing
        let storage = walk.prepared.vectors.storage
        pair = RowPair(
            queries: walk.pairing == .triangle ? storage : walk.queries,
            corpus: storage,
            level: walk.options.level
        )
        filter = CodeFilter(rows: coded, bound: walk.prepared.bound, cutsMove: Sink.cutsMove, level: walk.options.level)
    }

    /// Makes the codes of a block of queries; false if one of them is invalid and that is to be rejected.
    mutating func begin(_ block: Int, _ range: Range<Int>, sink: Sink) -> Bool {
        self.block = block
        self.range = range
        self.sink = sink
        verdicts = 0
        reportedPairs = 0
        rowsSeen = 0
        let metric = walk.prepared.metric
        let isTriangle = walk.pairing == .triangle
        let coded = coded
        filter.begin(
            count: range.count,
            of: isTriangle ? walk.prepared.vectors.storage : walk.queries,
            by: walk.prepared.encoding,
            firstPlace: isTriangle ? range.lowerBound : nil,
            rowNumber: { isTriangle ? coded.source(of: range.lowerBound + $0) : range.lowerBound + $0 },
            isLeftOut: { metric.excludes(norm: $0) }
        )
        cuts = Array(repeating: -.infinity, count: range.count)
        for i in 0..<range.count { raiseCut(i) }
        return walk.options.invalidRows == .skip
            || filter.terms.allSatisfy { $0.sourceNorm <= RowStatistics.normLimit }
    }

    /// Takes each query to the blocks of rows that are nearest to it, so that its cut is a good one from the start.
    mutating func scout() -> BlockSchedule.Findings {
        let blockCount = coded.image.blockCount
        guard walk.pairing != .triangle, blockCount >= 8, cuts.contains(-.infinity),
            !walk.prepared.encoding.rotation.isIdentity
        else {
            return BlockSchedule.Findings(visited: [:], cuts: cuts)
        }
        let nearest = filter.nearestBlocks(Self.scoutedBlocks, centroids: walk.prepared.centroids)
        var visited: [Int: [UInt16]] = [:]
        // The best block of every query first: the others then meet warm cuts.
        for ranks in [0..<1, 1..<Self.scoutedBlocks] {
            var visits: [Int: [UInt16]] = [:]
            for (query, blocks) in nearest.enumerated() {
                for rank in ranks.clamped(to: 0..<blocks.count) {
                    visits[blocks[rank], default: []].append(UInt16(query))
                }
            }
            for block in visits.keys.sorted() {
                guard let queries = visits[block] else { continue }
                filter.choose(queries)
                rowsSeen = ranks.lowerBound == 0 ? 0 : CodeLayout.blockRows
                walkRows(coded.image.rows(ofBlock: block))
                visited[block, default: []] += queries
            }
        }
        filter.choose(nil)
        filter.visited = visited
        return BlockSchedule.Findings(visited: visited, cuts: cuts)
    }

    /// Blocks that a query visits before the others.
    private static var scoutedBlocks: Int { 4 }

    /// Goes on from what another worker has found for the block. The cuts hold for the joined result.
    mutating func adopt(_ found: BlockSchedule.Findings) {
        filter.visited = found.visited
        rowsSeen = found.visited.isEmpty ? 0 : CodeLayout.blockRows
        for query in 0..<range.count where found.cuts[query] > cuts[query] {
            cuts[query] = found.cuts[query]
            setFloor(query, cut: cuts[query])
        }
    }

    /// Gives up the block: decides what still waits and returns what was found; nil if there is no block.
    mutating func finish() -> BlockResult<Sink>? {
        guard let block, sink != nil else { return nil }
        settle()
        guard let sink = sink.take() else { return nil }
        let metric = walk.prepared.metric
        let terms = filter.terms
        var scored: [Int] = []
        for i in 0..<range.count where !metric.excludes(norm: terms[i].sourceNorm) { scored.append(number(i)) }
        self.block = nil
        return BlockResult(
            block: block,
            sink: sink,
            verdicts: verdicts,
            newlyKept: newlyKept(by: sink),
            scoredQueries: scored
        )
    }

    /// The source number of a query of the block.
    @inline(__always)
    private func number(_ query: Int) -> Int {
        let place = range.lowerBound + query
        return pairing == .triangle ? coded.source(of: place) : place
    }

    /// Walks the rows of one block of the corpus; returns how many pairs the sink has kept since the last call.
    mutating func walk(_ places: Range<Int>) -> Int {
        walkRows(places)
        if filter.deferredCount > CodeFilter.deferredLimit || waiting.count > BoundedWalk.waitingCapacity { settle() }
        return newlyKept(by: sink)
    }

    private mutating func newlyKept(by sink: Sink?) -> Int {
        let now = sink?.keptPairs ?? 0
        defer { reportedPairs = now }
        return now - reportedPairs
    }

    private mutating func walkRows(_ places: Range<Int>) {
        var next = places.lowerBound
        while next < places.upperBound {
            // While cuts are cold everything survives, so a walk begins with a panel and doubles.
            let step = max(CodeLayout.panelRows, rowsSeen / CodeLayout.panelRows * CodeLayout.panelRows)
            let end = min(places.upperBound, next + step)
            filter.scan(next..<end)
            decideLikely()
            rowsSeen += end - next
            next = end
        }
    }

    /// Gives the candidates that beat the cut their verdicts, and lets the others wait.
    private mutating func decideLikely() {
        // Out of the filter's hands, so that its memory is used again and not copied.
        var candidates: [CodeCandidate] = []
        swap(&candidates, &filter.candidates)
        for candidate in candidates {
            let query = Int(candidate.query)
            let floor = filter.floor(query)
            if !Sink.cutsMove || candidate.value >= floor.value {
                decide(query, Int(candidate.row))
            } else if CodeBound.survives(candidate.upper, floor) {
                waiting.append(candidate)
            }
        }
        candidates.removeAll(keepingCapacity: true)
        swap(&candidates, &filter.candidates)
    }

    /// Gives a pair its verdict.
    private mutating func decide(_ query: Int, _ row: Int) {
        let source = coded.source(of: row)
        if pairing == .exceptSelf, source == range.lowerBound + query { return }
        pair.load(query: number(query), row: source)
        let score = metric.verdict(
            pair,
            queryNorm: filter.sourceNorm(query),
            rowNorm: coded.norm(of: row)
        )
        verdicts += 1
        sink?.offer(query: query, row: source, score: score)
        raiseCut(query)
    }

    @inline(__always)
    private mutating func raiseCut(_ query: Int) {
        // A worker that helps may know a better cut than its own sink.
        guard let cut = sink?.cut(for: query), cut > cuts[query] else { return }
        cuts[query] = cut
        setFloor(query, cut: cut)
    }

    private mutating func setFloor(_ query: Int, cut: Float) {
        let norm = filter.sourceNorm(query)
        if !metric.excludes(norm: norm) {
            filter.setFloor(query, cutFloor.floor(norm: norm, cut: cut))
        }
    }

    /// Decides all that was put off or waits and still matters.
    private mutating func settle() {
        while filter.flush() { decideLikely() }
        for candidate in waiting where CodeBound.survives(candidate.upper, filter.floor(Int(candidate.query))) {
            decide(Int(candidate.query), Int(candidate.row))
        }
        waiting.removeAll(keepingCapacity: true)
    }
}
