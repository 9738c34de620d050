// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import Synchronization

/// The search of a prepared corpus for the nearest rows of each of its own rows, or of a part of that, within some blocks or between two sets of
/// them: every pair of blocks is looked at once, and a verdict counts for both of its rows.
///
/// Queries are the rows of a block as they are coded. A pair is dropped only if it provably matters to neither of its rows, by cuts that
/// both have had at some time; cuts only rise, so an older one drops less. What is kept does not depend on the order in which pairs are
/// offered, so that neither workers nor the schedule change the result.
struct MutualWalk {
    let prepared: PreparedCorpus
    let k: Int
    let options: RunOptions
    /// The blocks, and those that they are compared with, if it is not with one another.
    let first: Range<Int>
    var second: Range<Int>?

    /// Blocks that are compared with each block before the rest.
    static let nearBlocks = 4

    /// What the rows of one block have found.
    struct Block: Sendable {
        private(set) var sink: TopKSink
        private(set) var floors: CodeFilter.RowFloors
        private var cuts: [Float]
        /// Of each row its number in the source and its canonical norm.
        let sources: [UInt32]
        let norms: [Double]

        init(_ places: Range<Int>, of coded: CodedRows, k: Int) {
            sink = TopKSink(queryCount: places.count, k: k)
            floors = CodeFilter.RowFloors(count: places.count)
            cuts = Array(repeating: -.infinity, count: places.count)
            sources = places.map { UInt32(truncatingIfNeeded: coded.source(of: $0)) }
            norms = places.map { coded.norm(of: $0) }
        }

        /// Offers a row of the source to one of the block; returns the floor of that if it has risen.
        @inline(__always)
        mutating func offer(_ score: Float, of source: UInt32, to row: Int, by rule: CutFloor) -> CodeBound.Floor? {
            sink.offer(query: row, row: Int(source), score: score)
            let cut = sink.cut(for: row)
            guard cut > cuts[row] else { return nil }
            cuts[row] = cut
            let floor = rule.floor(norm: norms[row], cut: cut)
            floors.set(row, floor)
            return floor
        }
    }

    /// A neighbor of a row that is known before the walk.
    struct KnownNeighbor {
        /// Which of the blocks, and which of its rows.
        let block: Int
        let row: Int
        let neighbor: UInt32
        let score: Float
    }

    /// Where a block lies while no worker has it in its hands, which the schedule sees to.
    private final class Place: Sendable {
        private let block: Mutex<Block?>

        init(_ block: Block) { self.block = Mutex(block) }

        func take() -> Block {
            let taken = block.withLock { $0.take() }
            guard let taken else { preconditionFailure("a block in two hands") }
            return taken
        }

        func put(_ value: Block) { block.withLock { $0 = value } }
    }

    /// The blocks of both sets.
    private var numbers: [Int] { Array(first) + Array(second ?? 0..<0) }

    /// Of each block those of the other set, or of the same, that lie nearest, by their places in ``numbers``.
    private func nearBlocks() -> [[Int]] {
        let (coded, centroids) = (prepared.coded, prepared.centroids)
        guard let second else {
            return coded.neighboringBlocks(Self.nearBlocks, of: first, among: first, centroids: centroids).map {
                $0.map { $0 - first.lowerBound }
            }
        }
        return coded.neighboringBlocks(Self.nearBlocks, of: first, among: second, centroids: centroids).map {
            $0.map { first.count + $0 - second.lowerBound }
        }
            + coded.neighboringBlocks(Self.nearBlocks, of: second, among: first, centroids: centroids).map {
                $0.map { $0 - first.lowerBound }
            }
    }

    /// - Parameter known: Neighbors that have been found already, by the place of the row in a block of ``numbers`` that they are those of; they
    ///   count as found.
    /// - Returns: What has been found for the rows in the order of their places, a sink a block of 512, and how many verdicts were given.
    /// - Throws: `SimilarityError` if there are invalid rows that are to be rejected, `CancellationError` if cancelled.
    func run(known: [KnownNeighbor] = []) throws -> (sinks: [TopKSink], verdicts: Int) {
        let coded = prepared.coded
        if prepared.hasInvalidRows, options.invalidRows == .reject {
            try InvalidRowCheck.reject(prepared.vectors.storage, prepared.vectors.storage, options: options)
        }
        let numbers = numbers
        let plan = MutualSchedule(near: nearBlocks(), secondCount: second?.count ?? 0)
        let pairCount = Double(first.count) * Double(second?.count ?? first.count) * 0x1p18
        let control = try WalkControl(options, segmentCount: plan.tileCount, pairCount: pairCount)
        let schedule = Mutex(plan)
        var started = numbers.map { Block(coded.image.rows(ofBlock: $0), of: coded, k: k) }
        for one in known {
            _ = started[one.block].offer(one.score, of: one.neighbor, to: one.row, by: prepared.cutFloor)
        }
        let blocks = started.map { Place($0) }
        started = []
        let verdicts = Mutex(0)
        let workers = options.workers.useful(
            queryCount: CodeLayout.blockRows * first.count,
            rowCount: CodeLayout.blockRows * (second ?? first).count,
            depth: coded.shape.depth
        )
        runWorkers(min(workers, max(1, (blocks.count + 1) / 2))) { worker in
            var walker = MutualWalker(self)
            var held: Int?
            working: while !control.isStopped(worker: worker) {
                switch schedule.withLock({ $0.next(holding: held) }) {
                case .stop: break working
                case .wait:
                    held = nil
                    yieldProcessor()
                case .tile(let own, let partner):
                    let isNew = own != held
                    held = own
                    let places = own == partner ? [blocks[own]] : [blocks[own], blocks[partner]]
                    var hands = places.map { $0.take() }
                    walker.compare(numbers[own], isNew: isNew, with: numbers[partner], &hands)
                    for place in places.reversed() { place.put(hands.removeLast()) }
                    schedule.withLock { $0.finish(own: own, partner: partner) }
                    control.finishSegment()
                }
            }
            verdicts.withLock { $0 += walker.verdicts }
        }
        try control.end {}
        return (blocks.map { $0.take().sink }, verdicts.withLock { $0 })
    }
}
