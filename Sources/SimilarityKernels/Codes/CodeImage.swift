// SPDX-License-Identifier: Apache-2.0

internal import System

/// Where the parts of a coded corpus lie in one block of bytes: the same in memory and in a file, so that a prepared file
/// is used where it is mapped. Every part begins at a multiple of 64 bytes; numbers are little-endian.
///
/// | part | per | content |
/// |---|---|---|
/// | `order` | row | `UInt32`: the row of the source |
/// | `norms` | row | `Double`: canonical norm of the source row |
/// | `prefixTerms` | row | two `Float`: `e`, `a` (see `CodeBound`) |
/// | `tailTerms` | row | two `Float`: `e'`, scale of the tail; absent if no tail is coded |
/// | `tailNorms` | row | `Float`: `b`; absent without a tail |
/// | `offsets` | row | `Float`: half the squared norm, rounded down; absent where the metric needs none |
/// | `blocks` | block of 512 rows | five `Double`: scale, largest `e`, `a`, `b`, norm |
/// | `panels` | panel of 16 rows | `16 * depth` codes, see `CodeTile` |
/// | `tails` | row | `tail` codes as `Int8` |
package struct CodeImage: Sendable, Equatable {
    package let shape: CodeShape
    package let rowCount: Int
    package let hasOffsets: Bool
    package let order: Int
    package let norms: Int
    let prefixTerms: Int
    let tailTerms: Int
    let tailNorms: Int
    let offsets: Int
    let blocks: Int
    let panels: Int
    let tails: Int
    /// Bytes of all parts.
    package let byteCount: Int

    static let blockTermCount = 5
    static let blockBytes = 8 * blockTermCount

    /// Returns nil if the rows are too many for 32-bit numbers or the sizes overflow.
    package init?(shape: CodeShape, rowCount: Int, hasOffsets: Bool) {
        guard rowCount >= 0, rowCount <= Int(UInt32.max) else { return nil }
        self.shape = shape
        self.rowCount = rowCount
        self.hasOffsets = hasOffsets
        let padded = CodeLayout.paddedRows(rowCount)
        let blockCount = (rowCount + CodeLayout.blockRows - 1) / CodeLayout.blockRows
        var end = 0
        var isTooLarge = false
        func place(_ count: Int, _ size: Int) -> Int {
            let start = end
            let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
            let (next, overflow2) = start.addingReportingOverflow(bytes)
            isTooLarge = isTooLarge || overflow || overflow2 || next > Int.max / 2
            end = isTooLarge ? 0 : (next + 63) / 64 * 64
            return start
        }
        order = place(padded, 4)
        norms = place(padded, 8)
        prefixTerms = place(padded, 8)
        tailTerms = place(shape.tail > 0 ? padded : 0, 8)
        tailNorms = place(shape.hasTail ? padded : 0, 4)
        offsets = place(hasOffsets ? padded : 0, 4)
        blocks = place(blockCount, Self.blockBytes)
        panels = place(padded, shape.depth)
        tails = place(padded, shape.tail)
        byteCount = end
        if isTooLarge { return nil }
    }

    package var blockCount: Int { (rowCount + CodeLayout.blockRows - 1) / CodeLayout.blockRows }

    /// The rows of a block.
    package func rows(ofBlock block: Int) -> Range<Int> {
        block * CodeLayout.blockRows..<min((block + 1) * CodeLayout.blockRows, rowCount)
    }
}

/// What holds for every row of a block.
package struct CodeBlockTerms: Sendable {
    /// `s`: a code of the prefix stands for `s * code`.
    package var scale: Double
    /// Largest `e`: what the codes of the prefix lose.
    package var residual: Double
    /// Largest `a`: the length of the rotated prefix.
    package var prefixNorm: Double
    /// Largest `b`: the length of what is not in the prefix.
    package var tailNorm: Double
    /// Largest length of a row as it is compared: 1 for cosines.
    package var norm: Double
}

/// What holds for one row.
package struct CodeRowTerms: Sendable {
    package var residual: Float
    package var prefixNorm: Float
    package var tailResidual: Float = 0
    package var tailNorm: Float = 0
    package var tailScale: Float = 0
}
