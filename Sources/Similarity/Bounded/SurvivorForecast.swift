// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The share of pairs that the first stage would let through, for several prefixes, from a few queries and rows.
struct SurvivorForecast {
    let prefixes: [Int]
    /// For each prefix, with the cut that the operation will end with.
    let shares: [Double]

    /// Queries and rows that are looked at.
    static let queryCount = 24
    static let rowCount = 768

    /// - Complexity: `queryCount * rowCount * d` multiply-adds, and a rotation of the sample.
    init(
        _ operation: Operation,
        corpus: RowStorage,
        directions: [Float],
        prefixes: [Int],
        profile: CodeProfile
    ) {
        let (queries, metric) = (operation.queries.storage, operation.metric)
        self.prefixes = prefixes
        let normalizes = metric == .cosine
        let left = RowSample(
            of: queries,
            rows: Self.spread(Self.queryCount, over: queries.rowCount, shift: 0.31),
            directions: directions,
            normalizing: normalizes
        )
        let right = RowSample(
            of: corpus,
            rows: Self.spread(Self.rowCount, over: corpus.rowCount, shift: 0.5),
            directions: directions,
            normalizing: normalizes
        )
        let cuts = [0] + prefixes + [corpus.dimension]
        let parts = zip(cuts, cuts.dropFirst()).map { $0..<$1 }
        let (leftEnergies, rightEnergies) = (Self.sums(parts.map(left.energies)), Self.sums(parts.map(right.energies)))
        var counts = [Int](repeating: 0, count: prefixes.count)
        for q in 0..<left.count {
            let dots = Self.sums(parts.map { right.products(withRow: q, of: left, over: $0) })
            let offsets = rightEnergies[parts.count - 1].map { metric == .euclidean ? $0 / 2 : 0 }
            let floor = Self.floor(
                of: zip(dots[parts.count - 1], offsets).map { Double($0 - $1) },
                norm: normalizes ? 1 : left.norms[q],
                operation: operation,
                rowCount: corpus.rowCount
            )
            let whole = leftEnergies[parts.count - 1][q]
            for (i, prefix) in prefixes.enumerated() {
                let energy = leftEnergies[i][q]
                let lost = Float(profile.expectedLoss(prefix: prefix))
                for row in 0..<right.count {
                    let (here, all) = (rightEnergies[i][row], rightEnergies[parts.count - 1][row])
                    let tails = (max(whole - energy, 0) * max(all - here, 0)).squareRoot()
                    let upper = dots[i][row] + tails + lost * (energy * here).squareRoot() - offsets[row]
                    if Double(upper) >= floor { counts[i] += 1 }
                }
            }
        }
        let total = max(left.count * right.count, 1)
        shares = counts.map { Double($0) / Double(total) }
    }

    /// Rows spread evenly over a matrix.
    static func spread(_ count: Int, over rowCount: Int, shift: Double) -> [Int] {
        let count = min(count, rowCount)
        return (0..<count).map { min(Int((Double($0) + shift) / Double(count) * Double(rowCount)), rowCount - 1) }
    }

    /// Running sums over parts, for each row.
    private static func sums(_ parts: [[Float]]) -> [[Float]] {
        var total = [Float](repeating: 0, count: parts.first?.count ?? 0)
        return parts.map { part in
            for row in part.indices { total[row] += part[row] }
            return total
        }
    }

    /// The score that a pair must reach in the end. The best of a whole corpus are beyond a sample's: the tail of its scores
    /// is continued as a normal one's.
    private static func floor(of scores: [Double], norm: Double, operation: Operation, rowCount: Int) -> Double {
        switch operation.wanted {
        case .above(let cut):
            return operation.metric == .euclidean ? (norm * norm - Double(cut) * Double(cut)) / 2 : Double(cut)
        case .nearest(let count):
            let sorted = scores.sorted(by: >)
            guard sorted.count >= 64 else { return -.infinity }
            let share = min(Double(count) / Double(max(rowCount, 1)), 1)
            let (high, low) = (3, sorted.count / 20)
            func depth(_ share: Double) -> Double { (-2 * log(min(max(share, 1e-12), 0.9))).squareRoot() }
            let highShare = Double(high) / Double(sorted.count)
            if share >= highShare { return sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)] }
            let lowShare = Double(low) / Double(sorted.count)
            let slope = (sorted[high] - sorted[low]) / (depth(highShare) - depth(lowShare))
            return sorted[high] + slope * (depth(share) - depth(highShare))
        }
    }
}
