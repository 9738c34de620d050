// SPDX-License-Identifier: Apache-2.0

/// How the codes of a vector are laid out for the integer filter: the first `prefix` coordinates in panels, cut into chunks
/// whose products are summed in 16 bits, and the other `tail` coordinates row by row. Where few pairs will need them, these are
/// not coded at all: of the `rest` only the length is known.
package struct CodeShape: Sendable, Equatable {
    /// Coordinates that the tile kernel multiplies.
    package let prefix: Int
    /// Coordinates after them that are coded.
    package let tail: Int
    /// Coordinates after them that are not.
    package let rest: Int
    /// `prefix` rounded up to a multiple of 4; the codes of the padding are 0.
    package let depth: Int
    /// Coordinates of a chunk, a multiple of 4; the last one may be shorter.
    package let chunkDepth: Int
    package let chunkCount: Int

    /// The largest dimension that is coded: products stay exact in `Float`, and a block of rows takes at most 64 MiB while it is
    /// coded.
    package static let dimensionLimit = 1 << 14

    /// Rows of a panel.
    package static let panelRows = 16
    /// Rows of a block, which share one scale and one set of maxima.
    package static let blockRows = 512
    /// Queries of a quad.
    package static let quadQueries = 4

    /// The largest code of a row and of a query: a pair of products, (127 + 128) * 63 * 2 = 32,130, stays below 2^15, where
    /// the multiply would saturate.
    package static let rowCodeLimit = 127
    package static let queryCodeLimit = 63
    /// The largest Euclidean norm of the codes of a chunk, squared: the product of a row's and a query's is at most 32,761, so
    /// no sum over any part of a chunk leaves 16 bits (Cauchy-Schwarz).
    package static let squaredChunkLimit = 181 * 181
    /// Tails: bytes for rows and 16 bits for queries, with norms of at most about 2^15, so that a product stays below 2^31.
    package static let tailRowLimit = 127
    package static let tailNorm = 30_000.0

    /// - Precondition: `0 < prefix <= dimension`.
    package init(dimension: Int, prefix: Int, codesTail: Bool = true) {
        precondition(prefix > 0 && prefix <= dimension)
        self.prefix = prefix
        tail = codesTail ? dimension - prefix : 0
        rest = dimension - prefix - tail
        depth = (prefix + 3) / 4 * 4
        let chunks = (depth + 127) / 128
        chunkDepth = ((depth + chunks - 1) / chunks + 3) / 4 * 4
        chunkCount = (depth + chunkDepth - 1) / chunkDepth
    }

    /// Whether there is anything after the prefix.
    package var hasTail: Bool { tail + rest > 0 }

    /// The coordinates of chunk `index`, the padding among them.
    func chunk(_ index: Int) -> Range<Int> { index * chunkDepth..<min((index + 1) * chunkDepth, depth) }
}
