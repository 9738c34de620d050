// SPDX-License-Identifier: Apache-2.0

/// Which coordinates of a vector are coded, and how: the first `prefix` in panels for the tile kernel, and the other `tail`
/// coordinates row by row. Where few pairs will need them, these are not coded at all: of the `rest` only the length is known.
package struct CodeShape: Sendable, Equatable {
    /// Coordinates that the tile kernel multiplies.
    package let prefix: Int
    /// Coordinates after them that are coded.
    package let tail: Int
    /// Coordinates after them that are not.
    package let rest: Int
    /// `prefix` rounded up to a multiple of 4; the codes of the padding are 0.
    package let depth: Int
    /// How large the codes of the prefix of a row are.
    package let profile: CodeProfile

    /// The largest dimension that is coded: a block of rows takes at most 64 MiB while it is coded, and `CodeProfile` rests on it.
    package static let dimensionLimit = 1 << 14

    /// Tails: bytes for rows and 16 bits for queries, with norms of at most about 2^15, so that a product stays below 2^31.
    package static let tailRowLimit = 127
    package static let tailNorm = 30_000.0

    /// - Precondition: `0 < prefix <= dimension`.
    package init(dimension: Int, prefix: Int, codesTail: Bool = true, profile: CodeProfile) {
        precondition(prefix > 0 && prefix <= dimension)
        self.prefix = prefix
        self.profile = profile
        tail = codesTail ? dimension - prefix : 0
        rest = dimension - prefix - tail
        depth = (prefix + CodeLayout.step - 1) / CodeLayout.step * CodeLayout.step
    }

    /// Whether there is anything after the prefix.
    package var hasTail: Bool { tail + rest > 0 }

    /// The chunks in which rows are coded.
    var chunks: CodeChunks { profile.chunks(depth: depth) }
}
