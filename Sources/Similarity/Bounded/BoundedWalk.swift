// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import Synchronization

/// The driver of the bounded engine: integer products of codes, then better estimates of the survivors, then verdicts for
/// the few that are left, offered to the same sinks as every engine's.
///
/// Verdicts are lazy. A survivor whose estimate beats the cut gets one at once, because it likely moves the cut; one that is
/// only not proven worse waits in a list, and most of that list is dropped by the cut of the end without its row ever being
/// read.
///
/// Memory: a worker holds the codes of one block of queries, what a `CodeFilter` puts off and about 2^18 waiting pairs.
struct BoundedWalk {
    let prepared: PreparedCorpus
    let queries: RowStorage
    let pairing: Operation.Pairing
    let options: RunOptions
    /// Queries of a block.
    let blockQueries: Int
    /// In a triangle, the blocks of rows that are the queries.
    private let ownBlocks: Range<Int>
    /// In a triangle, whose each pair of blocks is.
    private let ring: BlockRing
    private let blockStride: Int

    /// Blocks of 512 rows that a worker takes at a time.
    static let blocksPerSegment = 8
    static let waitingCapacity = 1 << 18

    /// - Parameter ownBlocks: In a triangle, the blocks of rows whose pairs are wanted; nil for all.
    /// - Throws: `SimilarityError` if the dimensions differ.
    init(
        _ prepared: PreparedCorpus,
        queries: RowStorage,
        pairing: Operation.Pairing,
        ownBlocks: Range<Int>? = nil,
        options: RunOptions
    ) throws(SimilarityError) {
        let dimension = prepared.vectors.dimension
        guard queries.dimension == dimension else {
            throw .dimensionMismatch(queries: queries.dimension, corpus: dimension)
        }
        self.prepared = prepared
        self.queries = queries
        self.pairing = pairing
        self.options = options
        let blockCount = prepared.coded.image.blockCount
        ring = BlockRing(count: blockCount)
        self.ownBlocks = ownBlocks ?? 0..<blockCount
        blockStride = Self.coprimeStride(max(blockCount, 1))
        blockQueries =
            pairing == .triangle
            ? CodeLayout.blockRows : Self.plannedQueries(queries.rowCount, workers: options.workers.count)
    }

    /// Blocks of at most 512 queries, as many a worker as another, in whole quads.
    static func plannedQueries(_ count: Int, workers: Int) -> Int {
        let rounds = (count + 512 * workers - 1) / (512 * workers)
        let even = (count + workers * max(rounds, 1) - 1) / (workers * max(rounds, 1))
        return count < 64 ? max(count, 1) : (even + 15) / 16 * 16
    }

    /// Walks all pairs and returns one sink a block of `blockQueries` queries, in order. In a triangle, the blocks are the own ones of rows,
    /// and queries are numbered by their place in the coded corpus.
    func run<Sink: TileSink>(
        makeSink: @escaping @Sendable (_ queryCount: Int) -> Sink
    ) throws -> (sinks: [Sink], counters: RunCounters) {
        let blocks = queryBlocks
        let segmentCounts = blocks.indices.map { block in
            max(1, (visits(ofBlock: block) + Self.blocksPerSegment - 1) / Self.blocksPerSegment)
        }
        let queryCount = blocks.reduce(0) { $0 + $1.count }
        let segmentTotal = segmentCounts.reduce(0, +)
        let pairCount = Double(queryCount) * Double(prepared.vectors.rowCount) / (pairing == .triangle ? 2 : 1)
        let control = try WalkControl(options, segmentCount: segmentTotal, pairCount: pairCount)
        if prepared.hasInvalidRows { try rejectInvalidRows() }
        let schedule = Mutex(BlockSchedule(segmentCounts: segmentCounts))
        let finished = Mutex<[BlockResult<Sink>]>([])
        let depth = prepared.coded.shape.depth
        let workers = options.workers.useful(queryCount: queryCount, rowCount: prepared.coded.rowCount, depth: depth)
        runWorkers(min(workers, max(segmentTotal, 1))) { worker in
            var walker = BoundedWalker<Sink>(self)
            func finish() {
                guard let result = walker.finish() else { return }
                control.keep(result.newlyKept)
                finished.withLock { $0.append(result) }
            }
            working: while !control.isStopped(worker: worker) {
                let block: Int
                let segment: Int
                switch schedule.withLock({ $0.next(holding: walker.block) }) {
                case .stop: break working
                case .wait:
                    yieldProcessor()
                    continue
                case .walk(let takenBlock, let takenSegment): (block, segment) = (takenBlock, takenSegment)
                }
                if block != walker.block {
                    finish()
                    let queries = blocks[block]
                    guard walker.begin(block, queries, sink: makeSink(queries.count)) else {
                        control.foundInvalidRow()
                        break
                    }
                    if let known = schedule.withLock({ $0.findings(for: block) }) {
                        walker.adopt(known)
                    } else {
                        let found = walker.scout()
                        schedule.withLock { $0.publish(found, for: block) }
                    }
                }
                let first = segment * Self.blocksPerSegment
                for visit in first..<min(first + Self.blocksPerSegment, visits(ofBlock: block)) {
                    if control.isStopped(worker: worker) { break }
                    control.keep(walker.walk(places(ofVisit: visit, ofBlock: block)))
                }
                control.finishSegment()
            }
            finish()
        }
        try control.end(rejectInvalidRows: rejectInvalidRows)
        return joined(finished.withLock { $0 }, blockCount: blocks.count)
    }

    /// The queries of each block.
    private var queryBlocks: [Range<Int>] {
        if pairing == .triangle { return ownBlocks.map { prepared.coded.image.rows(ofBlock: $0) } }
        return stride(from: 0, to: queries.rowCount, by: blockQueries).map {
            $0..<min($0 + blockQueries, queries.rowCount)
        }
    }

    /// How many blocks of rows a block of queries visits: in a triangle itself and its partners.
    private func visits(ofBlock block: Int) -> Int {
        pairing == .triangle
            ? 1 + ring.partnerCount(of: ownBlocks.lowerBound + block) : prepared.coded.image.blockCount
    }

    /// The places of the block of rows that a block of queries visits at its turn.
    ///
    /// Rows lie grouped, and a cut that has only seen one kind is a poor one. So blocks are visited with a
    /// stride that spreads the first ones over all; in a triangle, where the cut does not move, in order.
    private func places(ofVisit visit: Int, ofBlock block: Int) -> Range<Int> {
        let image = prepared.coded.image
        if pairing == .triangle {
            return image.rows(ofBlock: ring.partner(of: ownBlocks.lowerBound + block, at: visit))
        }
        return image.rows(ofBlock: visit * blockStride % image.blockCount)
    }

    /// About 0.618 of the number of blocks, and prime to it.
    private static func coprimeStride(_ blockCount: Int) -> Int {
        func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
        var stride = max(1, blockCount * 618 / 1000)
        while divisor(stride, blockCount) > 1 { stride += 1 }
        return stride
    }

    private func joined<Sink>(_ results: [BlockResult<Sink>], blockCount: Int) -> (sinks: [Sink], counters: RunCounters)
    {
        var sinks: [Sink?] = Array(repeating: nil, count: blockCount)
        var counters = RunCounters(engine: .bounded)
        var scoredQueries: [Int] = []
        for result in results {
            counters.verdicts += result.verdicts
            if sinks[result.block] == nil {
                sinks[result.block] = result.sink
                scoredQueries += result.scoredQueries
            } else {
                sinks[result.block]?.merge(result.sink)
            }
        }
        // Of some blocks of a triangle nobody asks.
        if pairing == .triangle, ownBlocks.count < ring.count { return (sinks.compactMap { $0 }, counters) }
        let counted = prepared.pairCounts(of: scoredQueries, pairing: pairing)
        counters.pairs = counted.pairs
        counters.filtered = counted.pairs - counted.excluded - counters.verdicts
        return (sinks.compactMap { $0 }, counters)
    }

    /// Counts the invalid rows of both sides, if they are to be rejected, and throws the error that names them.
    func rejectInvalidRows() throws {
        if options.invalidRows == .reject {
            try InvalidRowCheck.reject(queries, prepared.vectors.storage, options: options)
        }
    }
}

/// What a worker has found for one block, in the segments that it walked.
struct BlockResult<Sink: TileSink>: Sendable {
    let block: Int
    let sink: Sink
    let verdicts: Int
    /// Pairs that the sink has kept since it was last asked.
    let newlyKept: Int
    /// Source numbers of the queries of the block that have a score.
    let scoredQueries: [Int]
}
