// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// Where the sections of a prepared file lie. They follow from the numbers of its header, so a reader computes them and
/// takes no other: there is no offset from outside that could lead anywhere.
struct PreparedLayout: Equatable {
    let image: CodeImage
    let rotation: Range<Int>
    let codes: Range<Int>
    let rows: Range<Int>
    let ids: Range<Int>
    /// Bytes before the checksum.
    let contentLength: Int

    static let checksumBytes = 8

    /// Bytes of the file.
    var fileLength: Int { contentLength + Self.checksumBytes }

    /// In the order of the file; an empty section has no place.
    var sections: [Range<Int>] { [rotation, codes, rows, ids] }

    /// Returns nil if a size overflows or the rows are too many for codes.
    ///
    /// - Precondition: the dimension is within the limit of a matrix, and `1 <= prefix <= dimension`; no count is negative.
    init?(_ header: PreparedHeader) {
        guard
            let image = CodeImage(
                shape: CodeShape(
                    dimension: header.dimension,
                    prefix: header.prefix,
                    codesTail: header.codesTail,
                    profile: header.profile
                ),
                rowCount: header.codedRowCount,
                hasOffsets: header.flags.contains(.hasOffsets)
            )
        else { return nil }
        var end = header.byteCount
        var isTooLarge = false
        func place(_ count: Int, _ size: Int) -> Range<Int> {
            let (length, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, !isTooLarge, length <= Int.max / 2 - end else {
                isTooLarge = true
                return 0..<0
            }
            if length == 0 { return 0..<0 }
            defer { end = PreparedHeader.aligned(end + length) }
            return end..<end + length
        }
        self.image = image
        // The dimension is at most 2^14 (`CodeShape.dimensionLimit`), so its square times four does not overflow.
        rotation = place(header.rotationDefect == nil ? 0 : header.dimension * header.dimension, 4)
        codes = place(image.byteCount, 1)
        rows = place(header.embedsRows ? header.rowCount : 0, header.dimension * header.elementType.byteCount)
        ids = place(header.idByteCount ?? 0, 1)
        contentLength = end
        if isTooLarge { return nil }
    }
}
