// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What an operation wants of each query.
enum Wanted: Sendable {
    /// The best `count` of `rowCount` rows.
    case nearest(count: Int, rowCount: Int)
    /// All rows that reach a score.
    case above(cut: Float)
}

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
        queries: RowStorage,
        corpus: RowStorage,
        metric: Metric,
        directions: [Float],
        prefixes: [Int],
        wanted: Wanted,
        profile: CodeProfile
    ) {
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
        var counts = [Int](repeating: 0, count: prefixes.count)
        for q in 0..<left.count {
            let pairs = Self.bounds(left, q, right, prefixes: prefixes, metric: metric, profile: profile)
            let floor = Self.floor(
                of: pairs.map(\.score),
                norm: normalizes ? 1 : left.norms[q],
                metric: metric,
                wanted: wanted
            )
            for pair in pairs {
                for (i, upper) in pair.uppers.enumerated() where upper >= floor { counts[i] += 1 }
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

    /// For each row about `q.x - o_x` and, for each prefix, what the first stage makes of it.
    private static func bounds(
        _ left: RowSample,
        _ query: Int,
        _ right: RowSample,
        prefixes: [Int],
        metric: Metric,
        profile: CodeProfile
    ) -> [(score: Double, uppers: [Double])] {
        let d = left.dimension
        let q = left.values[query * d..<(query + 1) * d]
        return (0..<right.count).map { row in
            let x = right.values[row * d..<(row + 1) * d]
            var dots: [Double] = []
            var (dot, qq, xx): (Float, Float, Float) = (0, 0, 0)
            var start = 0
            var parts: [(dot: Float, qq: Float, xx: Float)] = []
            for end in prefixes + [d] {
                for i in start..<end {
                    let (a, b) = (q[q.startIndex + i], x[x.startIndex + i])
                    dot += a * b
                    qq += a * a
                    xx += b * b
                }
                start = end
                parts.append((dot, qq, xx))
                dots.append(Double(dot))
            }
            let offset = metric == .euclidean ? Double(xx) / 2 : 0
            let uppers = prefixes.indices.map { i -> Double in
                let part = parts[i]
                let tails = Double(max(qq - part.qq, 0) * max(xx - part.xx, 0)).squareRoot()
                return dots[i] + tails + profile.expectedLoss(prefix: prefixes[i])
                    * Double(part.qq * part.xx).squareRoot() - offset
            }
            return (Double(dot) - offset, uppers)
        }
    }

    /// The score that a pair must reach in the end. The best of a whole corpus are beyond a sample's: the tail of its scores
    /// is continued as a normal one's.
    private static func floor(of scores: [Double], norm: Double, metric: Metric, wanted: Wanted) -> Double {
        switch wanted {
        case .above(let cut):
            return metric == .euclidean ? (norm * norm - Double(cut) * Double(cut)) / 2 : Double(cut)
        case .nearest(let count, let rowCount):
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
