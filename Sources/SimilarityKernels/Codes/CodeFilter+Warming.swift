// SPDX-License-Identifier: Apache-2.0

extension CodeFilter {
    /// Finds candidates among the rows of the own block, which have no floors yet: for each row the `count` others whose codes make the largest
    /// estimates. With their verdicts all rows have floors that are near those of the block; scans of the block leave these pairs out.
    ///
    /// - Precondition: the queries are the rows of a block of more than `count` rows.
    /// - Complexity: a product and a comparison a pair; 5 bytes a pair.
    package mutating func findLikeliest(_ count: Int) {
        let n = queries.count
        let places = ownPlaces
        precondition(count >= 1 && count < n)
        let block = places.lowerBound / CodeLayout.blockRows
        let terms = rows.terms(ofBlock: block)
        let pairCount = collectAll(places)
        // Estimates of each row with all others, those of the upper half those of the lower; offsets are those of the other one.
        var estimates = [Float](repeating: -.infinity, count: n * n)
        let offsets = places.map { rows.offset(of: $0) }
        let scales = queries.terms.map { Float($0.scale * terms.scale) }
        for s in 0..<pairCount {
            let (query, row, product) = collected(s)
            let value = Float(product) * scales[query]
            estimates[query * n + row] = value - offsets[row]
            estimates[row * n + query] = value - offsets[query]
        }
        var isLikely = [Bool](repeating: false, count: n * n)
        var best = [(value: Float, row: Int)](repeating: (-.infinity, 0), count: count)
        for row in 0..<n {
            Self.takeLargest(estimates[row * n..<(row + 1) * n], into: &best)
            for (value, other) in best where value > -.infinity {
                isLikely[max(row, other) * n + min(row, other)] = true
            }
        }
        refineCollected(pairCount, block, terms) { isLikely[$0 * n + $1] }
        leaveOut = isLikely
    }

    /// The largest values and where they are, in no order.
    private static func takeLargest(_ values: ArraySlice<Float>, into best: inout [(value: Float, row: Int)]) {
        for i in best.indices { best[i] = (-.infinity, 0) }
        var (least, place) = (-Float.infinity, 0)
        for (row, value) in values.enumerated() where value > least {
            best[place] = (value, row)
            place = best.indices.min { best[$0].value < best[$1].value } ?? 0
            least = best[place].value
        }
    }
}
