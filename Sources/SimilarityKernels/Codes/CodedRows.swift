// SPDX-License-Identifier: Apache-2.0

package import System

/// A coded corpus: the parts of a `CodeImage` in shared bytes. Rows are numbered by their place in the image; `source`
/// gives their number in the matrix they were made of.
@safe package struct CodedRows: Sendable {
    package let image: CodeImage
    package let bytes: SharedBytes
    private let byteOffset: Int
    /// The first byte of the image, which `bytes` keeps where it is.
    @usableFromInline nonisolated(unsafe) let base: UnsafeRawPointer

    /// An image that begins at `byteOffset` of `bytes`; nil if it does not fit or is not aligned to 64 bytes.
    package init?(image: CodeImage, bytes: SharedBytes, byteOffset: Int) {
        guard byteOffset >= 0, byteOffset % 64 == 0, image.byteCount <= bytes.byteCount,
            byteOffset <= bytes.byteCount - image.byteCount
        else { return nil }
        self.image = image
        self.bytes = bytes
        self.byteOffset = byteOffset
        unsafe base = unsafe bytes.start + byteOffset
    }

    @inlinable package var rowCount: Int { image.rowCount }
    package var shape: CodeShape { image.shape }

    /// Calls `body` with the bytes of the image.
    package func withImage<R>(_ body: (Span<UInt8>) throws -> R) rethrows -> R {
        let buffer = unsafe UnsafeBufferPointer(
            start: base.assumingMemoryBound(to: UInt8.self),
            count: image.byteCount
        )
        return try body(unsafe Span(_unsafeElements: buffer))
    }

    /// The row of the source.
    @inlinable @inline(__always)
    package func source(of row: Int) -> Int {
        assert(row >= 0 && row < rowCount)
        return unsafe Int((base + image.order).load(fromByteOffset: 4 &* row, as: UInt32.self))
    }

    /// The canonical norm of the source row.
    @inlinable @inline(__always)
    package func norm(of row: Int) -> Double {
        assert(row >= 0 && row < rowCount)
        return unsafe (base + image.norms).load(fromByteOffset: 8 &* row, as: Double.self)
    }

    @inline(__always)
    package func terms(of row: Int) -> CodeRowTerms {
        assert(row >= 0 && row < rowCount)
        let prefix = unsafe base + (image.prefixTerms &+ 8 &* row)
        var terms = unsafe CodeRowTerms(
            residual: prefix.load(as: Float.self),
            prefixNorm: prefix.load(fromByteOffset: 4, as: Float.self)
        )
        if shape.tail > 0 {
            let tail = unsafe base + (image.tailTerms &+ 8 &* row)
            terms.tailResidual = unsafe tail.load(as: Float.self)
            terms.tailScale = unsafe tail.load(fromByteOffset: 4, as: Float.self)
        }
        terms.tailNorm = tailNorm(of: row)
        return terms
    }

    /// The length of what is not in the prefix, or 0 if that is all.
    @inline(__always)
    func tailNorm(of row: Int) -> Float {
        shape.hasTail ? unsafe (base + image.tailNorms).load(fromByteOffset: 4 &* row, as: Float.self) : 0
    }

    /// Half the squared norm, rounded down, where the metric needs it; else 0.
    @inline(__always)
    package func offset(of row: Int) -> Float {
        assert(row >= 0 && row < rowCount)
        return image.hasOffsets ? unsafe (base + image.offsets).load(fromByteOffset: 4 &* row, as: Float.self) : 0
    }

    package func terms(ofBlock block: Int) -> CodeBlockTerms {
        assert(block >= 0 && block < image.blockCount)
        let start = unsafe base + (image.blocks + CodeImage.blockBytes * block)
        func term(_ index: Int) -> Double { unsafe start.load(fromByteOffset: 8 * index, as: Double.self) }
        return CodeBlockTerms(scale: term(0), residual: term(1), prefixNorm: term(2), tailNorm: term(3), norm: term(4))
    }

    /// The mean decoded prefix of a quarter of the rows of each block, `depth` floats each: about where the block lies.
    ///
    /// - Complexity: reads a quarter of the codes of the prefix.
    package func centroids() -> [Float] {
        let depth = shape.depth
        var means: [Float] = []
        means.reserveCapacity(image.blockCount * depth)
        var sums = [SIMD16<UInt16>](repeating: .zero, count: depth)
        for block in 0..<image.blockCount {
            let places = image.rows(ofBlock: block)
            let panels = stride(
                from: places.lowerBound / CodeLayout.panelRows,
                to: CodeLayout.paddedRows(places.upperBound) / CodeLayout.panelRows,
                by: 4
            )
            for i in 0..<depth { sums[i] = .zero }
            var panelCount = 0
            for panel in panels {
                // Step t of a panel is 64 bytes, so vector 4t + r has the coordinates of step t of rows 4r ..< 4r + 4.
                let start = unsafe base + (image.panels + panel * CodeLayout.panelRows * depth)
                for i in 0..<depth {
                    let bytes: SIMD16<UInt8> = unsafe start.loadUnaligned(
                        fromByteOffset: 16 &* i,
                        as: SIMD16<UInt8>.self
                    )
                    sums[i] = sums[i] &+ SIMD16<UInt16>(truncatingIfNeeded: bytes)
                }
                panelCount += 1
            }
            let rowCount = Float(CodeLayout.panelRows * max(panelCount, 1))
            let scale = Float(terms(ofBlock: block).scale)
            for coordinate in 0..<depth {
                let (step, lane) = coordinate.quotientAndRemainder(dividingBy: 4)
                var sum: Float = 0
                for r in 0..<4 {
                    for row in 0..<4 { sum += Float(sums[4 * step + r][4 * row + lane]) }
                }
                means.append((sum / rowCount - 128) * scale)
            }
        }
        return means
    }
}
