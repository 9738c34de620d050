// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System

/// A number that depends on every word of a result and its place: runs, engines and processes whose results are the same
/// bytes have the same digest. Not cryptographic.
///
/// The sum of `mix(word ^ mix(place))` over 64-bit words, `mix` being the output step of ``SeededGenerator``: a script can
/// compute it from result files with a few vector operations.
struct ResultDigest: Equatable, CustomStringConvertible {
    private var sum: UInt64 = 0
    private var place: UInt64 = 0

    /// Counts, rows, scores: of each query in turn, then all together.
    init(_ results: [NearestNeighbors]) {
        for found in results {
            for query in found.indices { add(UInt64(found.offsets[query + 1] - found.offsets[query])) }
        }
        for found in results { for row in found.rows { add(UInt64(row)) } }
        for found in results { for score in found.scores { add(UInt64(score.bitPattern)) } }
    }

    /// Of each pair its rows, then all scores.
    init(_ joined: Join) {
        for pair in joined.pairs {
            add(UInt64(pair.a))
            add(UInt64(pair.b))
        }
        for pair in joined.pairs { add(UInt64(pair.score.bitPattern)) }
    }

    /// Sixteen hexadecimal digits.
    var description: String { sum.hexadecimal }

    private mutating func add(_ word: UInt64) {
        sum &+= SeededGenerator.mixed(word ^ SeededGenerator.mixed(place))
        place &+= 1
    }
}
