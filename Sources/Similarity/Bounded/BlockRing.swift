// SPDX-License-Identifier: Apache-2.0

/// The blocks of a set of rows in a ring, so that each pair of blocks belongs to one of the two: to the one that has the shorter way to the
/// other, going up; of equal ways, to the lower one. Every block then has as many partners as any other, but for one.
package struct BlockRing: Sendable, Equatable {
    /// How many blocks there are.
    package let count: Int

    package init(count: Int) { self.count = count }

    /// How many partners belong to a block, itself not among them.
    package func partnerCount(of block: Int) -> Int {
        let full = max(count - 1, 0) / 2
        return count > 0 && count % 2 == 0 && block < count / 2 ? full + 1 : full
    }

    /// The partner of a block at a distance of 1 to `partnerCount`; at 0 the block itself.
    package func partner(of block: Int, at distance: Int) -> Int { (block + distance) % count }

    /// Whether a pair of blocks belongs to the first of them.
    package func owns(_ block: Int, _ other: Int) -> Bool {
        let distance = other >= block ? other - block : other - block + count
        return distance <= partnerCount(of: block)
    }
}
