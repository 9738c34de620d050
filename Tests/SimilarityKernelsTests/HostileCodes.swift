// SPDX-License-Identifier: Apache-2.0
//
// Codes at the end of what the contract of `CodeTile` allows: chunks whose norm is 181 or as near as integers get, in few
// large codes or in many small ones, in all places of a step or in those of one 16-bit lane, of one sign or of both.

import VectorTestSupport

enum HostileCodes: CaseIterable {
    /// The largest codes first: two of 127, eight of 63.
    case spikes
    /// All codes alike, so that 128 times their sum wraps 16 bits many times over.
    case flat
    /// Only places 0 and 1 of each step: one lane holds the whole sum.
    case lowLane
    /// Only places 2 and 3.
    case highLane
    /// Random codes, moved to the limit.
    case random

    /// Codes of a vector, chunk by chunk; `limit` is 127 for rows and 63 for queries.
    func codes(depth: Int, chunkDepth: Int, limit: Int, using random: inout SplitMix64) -> [Int] {
        var codes: [Int] = []
        for start in stride(from: 0, to: depth, by: chunkDepth) {
            codes += chunk(min(chunkDepth, depth - start), limit, &random)
        }
        return codes
    }

    static let squaredLimit = 181 * 181

    private func chunk(_ count: Int, _ limit: Int, _ random: inout SplitMix64) -> [Int] {
        var places = Array(0..<count)
        switch self {
        case .lowLane: places = places.filter { $0 % 4 < 2 }
        case .highLane: places = places.filter { $0 % 4 >= 2 }
        default: break
        }
        places.shuffle(using: &random)
        var codes = [Int](repeating: 0, count: count)
        if self == .flat {
            let even = min(limit, Self.root(Self.squaredLimit / count))
            for place in places { codes[place] = even }
        }
        if self == .random {
            for place in places { codes[place] = random.below(2 * limit + 1) - limit }
            while codes.reduce(0, { $0 + $1 * $1 }) > Self.squaredLimit {
                for place in places { codes[place] = codes[place] * 3 / 4 }
            }
        }
        // Greedily, the largest square that fits: the norm ends at 181 exactly where there are a few places to end it in.
        var left = Self.squaredLimit - codes.reduce(0) { $0 + $1 * $1 }
        for place in places {
            let code = codes[place]
            let most = min(limit, Self.root(left + code * code))
            if most <= abs(code) { continue }
            left -= most * most - code * code
            codes[place] = code < 0 ? -most : most
        }
        return codes
    }

    private static func root(_ value: Int) -> Int {
        var root = Int(Double(value).squareRoot())
        while root * root > value { root -= 1 }
        while (root + 1) * (root + 1) <= value { root += 1 }
        return root
    }
}
