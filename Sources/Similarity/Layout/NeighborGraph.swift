// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The weighted graph of nearest neighbors that a layout keeps together: for each row its neighbors and those whose neighbor it is, with
/// weights in (0, 1] that are the same in both directions (McInnes, Healy and Melville, arXiv:1802.03426, section 3.1).
struct NeighborGraph: Sendable {
    /// Where the edges of each row begin.
    let offsets: [Int]
    let targets: [UInt32]
    let weights: [Float]

    /// - Parameter neighbors: Of each row, itself left out.
    init(_ neighbors: NearestNeighbors) {
        let n = neighbors.count
        var directed = [Float](repeating: 0, count: neighbors.rows.count)
        let all = neighbors.scores.map { Self.distance($0, neighbors.metric) }
        let mean = all.isEmpty ? 0 : all.reduce(0, +) / Double(all.count)
        for row in 0..<n {
            let range = neighbors.offsets[row]..<neighbors.offsets[row + 1]
            let distances = range.map { all[$0] }
            for (i, weight) in zip(range, Self.weights(distances, mean: mean)) { directed[i] = Float(weight) }
        }
        // Edges by the row that they lead to, so that each row meets both of its kinds in order.
        var counts = [Int](repeating: 0, count: n + 1)
        for row in neighbors.rows { counts[row + 1] += 1 }
        for row in 0..<n { counts[row + 1] += counts[row] }
        var sources = [UInt32](repeating: 0, count: neighbors.rows.count)
        var incoming = directed
        var next = counts
        for row in 0..<n {
            for i in neighbors.offsets[row]..<neighbors.offsets[row + 1] {
                let place = next[neighbors.rows[i]]
                (sources[place], incoming[place]) = (UInt32(row), directed[i])
                next[neighbors.rows[i]] += 1
            }
        }
        var offsets = [0]
        var targets: [UInt32] = []
        var weights: [Float] = []
        for row in 0..<n {
            let outgoing = (neighbors.offsets[row]..<neighbors.offsets[row + 1]).map {
                (target: UInt32(neighbors.rows[$0]), weight: directed[$0])
            }.sorted { $0.target < $1.target }
            var (i, j) = (0, counts[row])
            while i < outgoing.count || j < counts[row + 1] {
                let out = i < outgoing.count ? outgoing[i].target : .max
                let back = j < counts[row + 1] ? sources[j] : .max
                let target = min(out, back)
                let p = out == target ? outgoing[i].weight : 0
                let q = back == target ? incoming[j] : 0
                targets.append(target)
                // Fuzzy union: near if one of the two says so.
                weights.append(p + q - p * q)
                if out == target { i += 1 }
                if back == target { j += 1 }
            }
            offsets.append(targets.count)
        }
        self.offsets = offsets
        self.targets = targets
        self.weights = weights
    }

    private static func distance(_ score: Float, _ metric: Metric) -> Double {
        switch metric {
        case .cosine: max(0, 1 - Double(score))
        case .euclidean: Double(score)
        case .dot: -Double(score)
        }
    }

    /// `exp(-(d - rho) / sigma)`, with `rho` the distance of the nearest one that is not at the same place, and `sigma` such that
    /// the weights add up to `log2(k)`.
    private static func weights(_ distances: [Double], mean: Double) -> [Double] {
        guard !distances.isEmpty else { return [] }
        let target = log2(Double(distances.count + 1))
        let rho = distances.first { $0 > 0 } ?? 0
        var (low, high, sigma) = (0.0, Double.infinity, 1.0)
        for _ in 0..<64 {
            let sum = distances.reduce(0) { $0 + ($1 > rho ? exp(-($1 - rho) / sigma) : 1) }
            if abs(sum - target) < 1e-5 { break }
            if sum > target { high = sigma } else { low = sigma }
            sigma = high.isInfinite ? 2 * sigma : (low + high) / 2
        }
        let own = distances.reduce(0, +) / Double(distances.count)
        sigma = max(sigma, 1e-3 * (rho > 0 ? own : mean), .leastNormalMagnitude)
        return distances.map { $0 > rho ? exp(-($0 - rho) / sigma) : 1 }
    }
}
