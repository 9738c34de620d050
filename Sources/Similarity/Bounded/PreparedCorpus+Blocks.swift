// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension PreparedCorpus {
    /// The blocks of 512 coded rows, and whose each pair of them is.
    package var blockRing: BlockRing { BlockRing(count: coded.image.blockCount) }

    /// The rows of some blocks, by their numbers in ``vectors``, in the order of their places.
    package func rows(ofBlocks blocks: Range<Int>) -> [Int] {
        blocks.flatMap { coded.image.rows(ofBlock: $0).map { coded.source(of: $0) } }
    }

    /// Where a row of each number lies: its block, and its place in that; nil for rows that have no score.
    package func locations() -> [(block: Int, place: Int)?] {
        var locations: [(block: Int, place: Int)?] = Array(repeating: nil, count: vectors.rowCount)
        for place in 0..<coded.rowCount {
            let (block, row) = place.quotientAndRemainder(dividingBy: CodeLayout.blockRows)
            locations[coded.source(of: place)] = (block, row)
        }
        return locations
    }
}
