// SPDX-License-Identifier: Apache-2.0

/// How large the codes of rows and queries may be, so that the integer kernels of a level add them without error.
///
/// Rows are coded once and may be scanned at any level that takes their profile; queries are coded for the level at hand.
package struct CodeProfile: Sendable, Equatable {
    /// Its number in a prepared file.
    package let id: UInt32
    /// The largest code of a row and of a query.
    package let rowLimit: Int
    package let queryLimit: Int
    /// Coordinates of a chunk, at most: what is summed before it is widened.
    package let longestChunk: Int
    /// The Euclidean norm that the codes of a chunk are scaled to, at most, and the square of what they keep to.
    package let codeNorm: Double
    package let squaredChunkLimit: Int
    /// Whether products are added in pairs of 16 bits, and not in 32.
    let addsHalves: Bool
    /// About what the codes of both sides lose of coordinates that fill their chunks, relative to their norms; see ``expectedLoss(prefix:)``.
    private let lossOfFullChunks: Double

    /// For kernels that add pairs of products in 16 bits. A pair, (127 + 128) * 63 * 2 = 32,130, stays below 2^15, where the
    /// multiply would saturate; and the product of the norms of a row's and a query's chunk is at most 181^2 = 32,761, so no
    /// sum over any part of a chunk leaves 16 bits (Cauchy-Schwarz).
    package static let narrow = CodeProfile(
        id: 1,
        rowLimit: 127,
        queryLimit: 63,
        longestChunk: 128,
        codeNorm: 180,
        squaredChunkLimit: 181 * 181,
        addsHalves: true,
        // Both sides lose about 1/180 * sqrt(128 / 12) of a chunk of 128.
        lossOfFullChunks: 0.04
    )

    /// For kernels that add in 32 bits: full bytes, one chunk. The norms keep a product below 4,096^2 = 2^24, so that its
    /// `Float` is exact; rounding adds at most half a code a coordinate, 64 in all, to the norm that is scaled to.
    package static let wide = CodeProfile(
        id: 2,
        rowLimit: 127,
        queryLimit: 127,
        longestChunk: CodeShape.dimensionLimit,
        codeNorm: 4_030,
        squaredChunkLimit: 4_095 * 4_095,
        addsHalves: false,
        // The largest coordinate of a block is about 4.5 times the root mean square, and rounding loses 1 / sqrt(12) of a step.
        lossOfFullChunks: 0.018
    )

    package static let all = [narrow, wide]

    /// What undoes the 128 in the sum of a chunk of a query's codes, of which `low` are those of coordinates 0 and 1 of each step
    /// and `high` those of 2 and 3: where products are added in 16 bits, two lanes have their own.
    func correction(low: Int32, high: Int32) -> Int32 {
        if !addsHalves { return -128 &* (low &+ high) }
        let halves = (UInt16(truncatingIfNeeded: -128 &* low), UInt16(truncatingIfNeeded: -128 &* high))
        return Int32(bitPattern: UInt32(halves.0) | UInt32(halves.1) << 16)
    }

    /// About what the codes of both sides lose of `prefix` coordinates, relative to their norms; for forecasts.
    package func expectedLoss(prefix: Int) -> Double {
        // Sums of 16 bits are cut into chunks that lose less where they are short.
        guard addsHalves else { return lossOfFullChunks }
        let chunks = Double((prefix + longestChunk - 1) / longestChunk)
        return lossOfFullChunks * (Double(prefix) / (Double(longestChunk) * chunks)).squareRoot()
    }

    /// Whether kernels of this profile take rows that have been coded for another.
    package func takes(rowsOf other: CodeProfile) -> Bool { self == other || !addsHalves }

    /// How coordinates, a multiple of 4, are cut into chunks of about the same length.
    package func chunks(depth: Int) -> CodeChunks { CodeChunks(depth: depth, longest: longestChunk) }
}

/// Coordinates cut into chunks of a multiple of 4; the last one may be shorter.
package struct CodeChunks: Sendable, Equatable {
    package let depth: Int
    package let chunkDepth: Int
    package let count: Int

    init(depth: Int, longest: Int) {
        self.depth = depth
        let chunks = (depth + longest - 1) / longest
        chunkDepth = ((depth + chunks - 1) / chunks + 3) / 4 * 4
        count = (depth + chunkDepth - 1) / chunkDepth
    }

    /// The coordinates of a chunk below `end`, where the padding begins.
    func range(_ index: Int, below end: Int) -> Range<Int> {
        (index * chunkDepth..<min((index + 1) * chunkDepth, depth)).clamped(to: 0..<end)
    }
}
