// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// One worker of a `MutualWalk`, with the codes of the block that it stays with and the two blocks that it has in its hands.
struct MutualWalker: ~Copyable {
    private let image: CodeImage
    private let metric: Metric
    private let rule: CutFloor
    private let k: Int
    private var filter: CodeFilter
    private var pair: RowPair
    /// The own block and, but while that is compared with itself, its partner.
    private var hands: [MutualWalk.Block] = []
    private(set) var verdicts = 0

    init(_ walk: MutualWalk) {
        let prepared = walk.prepared
        let storage = prepared.vectors.storage
        image = prepared.coded.image
        metric = prepared.metric
        rule = prepared.cutFloor
        k = walk.k
        filter = CodeFilter(rows: prepared.coded, bound: prepared.bound, cutsMove: true, level: walk.options.level)
        pair = RowPair(queries: storage, corpus: storage, level: walk.options.level)
    }

    /// Compares the rows of two blocks, or those of one among themselves.
    ///
    /// - Parameters:
    ///   - isNew: Whether the last tile was one of another own block.
    ///   - blocks: The own block and, if it is another one, its partner.
    mutating func compare(
        _ own: Int,
        isNew: Bool,
        with partner: Int,
        _ blocks: inout [MutualWalk.Block]
    ) {
        // Exchanged, so that there is one of each block and no change copies it.
        swap(&hands, &blocks)
        defer { swap(&hands, &blocks) }
        if isNew { filter.begin(block: own, normalizes: metric == .cosine, floors: hands[0].floors.floors) }
        let places = image.rows(ofBlock: partner)
        // Within a block cuts are cold: likely neighbors warm them, or, where these would be most of the block, short first steps.
        let isWarmed = own == partner && 8 * k <= places.count
        if isWarmed {
            filter.findLikeliest(k)
            decideCandidates()
        }
        var next = places.lowerBound
        while next < places.upperBound {
            let seen = (next - places.lowerBound) / CodeLayout.panelRows * CodeLayout.panelRows
            let isCold = own == partner && !isWarmed
            let end = isCold ? min(places.upperBound, next + max(CodeLayout.panelRows, seen)) : places.upperBound
            filter.scan(next..<end, wanted: hands[own == partner ? 0 : 1].floors)
            decideCandidates()
            next = end
        }
    }

    /// Gives the candidates of the last scan their verdicts: first those that likely matter, then those that still may.
    private mutating func decideCandidates() {
        // Out of the filter's hands, so that its memory is used again and not copied.
        var candidates: [CodeCandidate] = []
        swap(&candidates, &filter.candidates)
        let other = hands.count - 1
        var waiting = 0
        for i in candidates.indices {
            if i + 4 < candidates.count { expect(candidates[i + 4], other) }
            let candidate = candidates[i]
            let row = Int(candidate.row) % CodeLayout.blockRows
            if candidate.value >= filter.floor(Int(candidate.query)).value
                || candidate.value >= hands[other].floors.floors[row].value
            {
                decide(candidate, other)
            } else {
                candidates[waiting] = candidate
                waiting += 1
            }
        }
        for i in 0..<waiting {
            let candidate = candidates[i]
            let row = Int(candidate.row) % CodeLayout.blockRows
            if CodeBound.survives(candidate.upper, filter.floor(Int(candidate.query)))
                || filter.survives(candidate, hands[other].floors.floors[row])
            {
                decide(candidate, other)
            }
        }
        candidates.removeAll(keepingCapacity: true)
        swap(&candidates, &filter.candidates)
    }

    /// Asks for a row that will be decided soon.
    @inline(__always)
    private func expect(_ candidate: CodeCandidate, _ other: Int) {
        pair.expect(row: Int(hands[other].sources[Int(candidate.row) % CodeLayout.blockRows]))
    }

    /// Gives a pair its verdict, and offers each of its rows to the other.
    @inline(__always)
    private mutating func decide(_ candidate: CodeCandidate, _ other: Int) {
        let (query, row) = (Int(candidate.query), Int(candidate.row) % CodeLayout.blockRows)
        let (mine, theirs) = (hands[0].sources[query], hands[other].sources[row])
        pair.load(query: Int(mine), row: Int(theirs))
        let score = metric.verdict(pair, queryNorm: hands[0].norms[query], rowNorm: hands[other].norms[row])
        verdicts += 1
        if let floor = hands[0].offer(score, of: theirs, to: query, by: rule) { filter.setFloor(query, floor) }
        guard let floor = hands[other].offer(score, of: mine, to: row, by: rule), other == 0 else { return }
        filter.setFloor(row, floor)
    }
}
