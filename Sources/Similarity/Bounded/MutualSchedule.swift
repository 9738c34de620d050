// SPDX-License-Identifier: Apache-2.0

/// Which worker looks at which pair of blocks next, in a walk that looks at each pair once, for both of its blocks.
///
/// A worker stays with a block, its own, and goes through the partners of that block; no block is in two hands at a time. First every block is
/// compared with itself, then with those that lie nearest: after that all cuts are warm. What is left, about half of the blocks for each,
/// comes last. Between two sets of blocks there is no first pass: what the blocks of each have found among themselves is known.
package struct MutualSchedule: Sendable {
    /// What a worker is to do next.
    package enum Step: Sendable, Equatable {
        case tile(own: Int, partner: Int)
        /// Nothing yet: others are at the blocks that are left.
        case wait
        case stop
    }

    private enum Pass: Int { case own, near, rest }

    private let blockCount: Int
    /// Blocks of the second set, which come after those of the first; 0 where there is one set.
    private let secondCount: Int
    private var pass = Pass.own
    private var isBusy: [Bool]
    private var tilesUnderWay = 0
    /// Of each block what has been passed over in this pass, because it was in other hands, or is yet to come.
    private var left: [[Int]]
    private let near: [[Int]]
    private let nearPairs: Set<[Int]>
    /// In the last pass, how far each block has gone around the ring of all.
    private var distances: [Int]
    private var nextOwner = 0

    /// - Parameters:
    ///   - near: Of each block those that lie nearest to it: in the other set, if there are two.
    ///   - secondCount: How many blocks, the last ones, are those of a second set; 0 for one set.
    package init(near: [[Int]], secondCount: Int = 0) {
        self.secondCount = secondCount
        blockCount = near.count
        var pairs: Set<[Int]> = []
        var owned = [[Int]](repeating: [], count: near.count)
        for (block, others) in near.enumerated() {
            for other in others where pairs.insert([min(block, other), max(block, other)]).inserted {
                owned[block].append(other)
            }
        }
        // The best is taken first, and partners are taken from the end.
        self.near = owned.map { $0.reversed() }
        nearPairs = pairs
        left = (0..<near.count).map { secondCount == 0 ? [$0] : [] }
        isBusy = Array(repeating: false, count: near.count)
        distances = Array(repeating: 0, count: near.count)
    }

    /// Pairs of blocks, each block with itself among them.
    package var tileCount: Int {
        secondCount == 0 ? blockCount * (blockCount + 1) / 2 : (blockCount - secondCount) * secondCount
    }

    /// How many blocks a block is the owner of the pair with, itself not among them.
    private func partnerCount(of block: Int) -> Int {
        if secondCount == 0 { return BlockRing(count: blockCount).partnerCount(of: block) }
        return block < blockCount - secondCount ? secondCount : 0
    }

    private func partner(of block: Int, at distance: Int) -> Int {
        if secondCount == 0 { return BlockRing(count: blockCount).partner(of: block, at: distance) }
        return blockCount - secondCount + (block + distance) % secondCount
    }

    /// The next step of a worker that holds a block, or none.
    package mutating func next(holding held: Int?) -> Step {
        if let held {
            if let partner = takePartner(of: held) { return begin(held, partner) }
            isBusy[held] = false
        }
        while true {
            for i in 0..<blockCount {
                let owner = (nextOwner + i) % blockCount
                if isBusy[owner] { continue }
                // Its own hands, so that it is no partner of itself but in the first pass.
                guard let partner = takePartner(of: owner) else { continue }
                isBusy[owner] = true
                nextOwner = (owner + 1) % blockCount
                return begin(owner, partner)
            }
            if tilesUnderWay > 0 || (0..<blockCount).contains(where: hasPartners) { return .wait }
            guard let following = Pass(rawValue: pass.rawValue + 1) else { return .stop }
            pass = following
            if pass == .near { left = near }
        }
    }

    /// Gives back the partner of a tile that is done.
    package mutating func finish(own: Int, partner: Int) {
        tilesUnderWay -= 1
        if partner != own { isBusy[partner] = false }
    }

    private mutating func begin(_ own: Int, _ partner: Int) -> Step {
        tilesUnderWay += 1
        isBusy[partner] = true
        return .tile(own: own, partner: partner)
    }

    private mutating func takePartner(of block: Int) -> Int? {
        if pass == .own { return left[block].popLast() }
        if let index = left[block].lastIndex(where: { !isBusy[$0] && $0 != block }) {
            return left[block].remove(at: index)
        }
        guard pass == .rest else { return nil }
        while let partner = advance(block) {
            if !isBusy[partner] { return partner }
            left[block].append(partner)
        }
        return nil
    }

    private func hasPartners(_ block: Int) -> Bool {
        !left[block].isEmpty || pass == .rest && distances[block] < partnerCount(of: block)
    }

    /// The next partner around the ring that has not been one yet.
    private mutating func advance(_ block: Int) -> Int? {
        while distances[block] < partnerCount(of: block) {
            distances[block] += 1
            let partner = partner(of: block, at: distances[block])
            if !nearPairs.contains([min(block, partner), max(block, partner)]) { return partner }
        }
        return nil
    }
}
