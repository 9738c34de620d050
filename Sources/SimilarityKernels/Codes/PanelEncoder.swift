// SPDX-License-Identifier: Apache-2.0

/// Writes the codes of prefixes into the panels of an image. One worker owns it.
@safe struct PanelEncoder: ~Copyable {
    private let image: CodeImage
    private let level: KernelLevel
    private let base: UnsafeMutableRawPointer
    private var quantizer: Quantizer

    /// - Parameter base: The bytes of the image, of which this writes the panels and block terms of its blocks.
    init(image: CodeImage, level: KernelLevel, base: UnsafeMutableRawPointer) {
        self.image = image
        self.level = level
        unsafe self.base = unsafe base
        quantizer = Quantizer(capacity: image.shape.depth)
    }

    /// One scale for the block: the largest chunk norm and the largest coordinate fit.
    func scale(for rows: borrowing WorkingRows) -> Float {
        var largest: Float = 0
        var norm = 0.0
        let chunks = image.shape.chunks
        for i in 0..<rows.count {
            let y = unsafe rows.row(at: i)
            for chunk in 0..<chunks.count {
                let range = chunks.range(chunk, below: image.shape.prefix)
                let extent = unsafe Quantizer.extent(y + range.lowerBound, count: range.count, level: level)
                largest = max(largest, extent.largest)
                norm = max(norm, extent.norm)
            }
        }
        let profile = image.shape.profile
        return Quantizer.scale(largest: largest, limit: profile.rowLimit, norm: norm, codeNorm: profile.codeNorm)
    }

    /// Writes the codes of one row into its panel; returns what they lose, at most, and about the length of the coordinates.
    mutating func encode(
        _ rows: borrowing WorkingRows,
        _ index: Int,
        at place: Int,
        scale: Float
    ) -> (residual: Double, norm: Double) {
        let shape = image.shape
        let y = unsafe rows.row(at: index)
        let chunks = shape.chunks
        var squaredResidual = 0.0
        for chunk in 0..<chunks.count {
            let range = chunks.range(chunk, below: shape.prefix)
            let coded = unsafe quantizer.quantize(
                y + range.lowerBound,
                count: range.count,
                scale: scale,
                limit: shape.profile.rowLimit,
                squaredLimit: shape.profile.squaredChunkLimit,
                at: range.lowerBound,
                level: level
            )
            squaredResidual += coded.residual * coded.residual
        }
        let codes = unsafe base + (image.panels + CodeLayout.start(ofRow: place, depth: shape.depth))
        for step in 0..<shape.depth / CodeLayout.step {
            let four = quantizer.fourCodes(CodeLayout.step &* step, below: shape.prefix)
            let bytes = SIMD4<UInt8>(truncatingIfNeeded: four &+ CodeLayout.bias)
            unsafe codes.storeBytes(of: bytes, toByteOffset: CodeLayout.rowStep &* step, as: SIMD4<UInt8>.self)
        }
        let norm = unsafe Verdict.dot(level, y, y, depth: shape.prefix).squareRoot()
        return (squaredResidual.squareRoot() * (1 + 0x1p-40), norm)
    }

    /// The rows that fill up the last panel have codes 0.
    func pad(after end: Int) {
        let shape = image.shape
        for place in end..<CodeLayout.paddedRows(end) {
            let codes = unsafe base + (image.panels + CodeLayout.start(ofRow: place, depth: shape.depth))
            for step in 0..<shape.depth / CodeLayout.step {
                unsafe codes.storeBytes(of: 0x8080_8080, toByteOffset: CodeLayout.rowStep * step, as: UInt32.self)
            }
        }
    }

    func write(_ terms: CodeBlockTerms, ofBlock block: Int) {
        let start = unsafe base + (image.blocks + CodeImage.blockBytes * block)
        for (i, term) in [terms.scale, terms.residual, terms.prefixNorm, terms.tailNorm, terms.norm].enumerated() {
            unsafe start.storeBytes(of: term, toByteOffset: 8 * i, as: Double.self)
        }
    }

    /// Writes what holds of the prefix of one row.
    func write(residual: Float, prefixNorm: Float, at place: Int) {
        let start = unsafe base + (image.prefixTerms + 8 * place)
        unsafe start.storeBytes(of: residual, as: Float.self)
        unsafe start.storeBytes(of: prefixNorm, toByteOffset: 4, as: Float.self)
    }
}
