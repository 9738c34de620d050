// SPDX-License-Identifier: Apache-2.0

internal import System

extension CodedRows {
    /// How rows are compared, as far as codes care.
    package struct Encoding: Sendable {
        package let rotation: Rotation
        /// Rows and queries are made unit vectors first.
        package let normalizes: Bool
        /// Each row carries `offsetFactor * |x|^2`, rounded down; nil for none.
        package let offsetFactor: Double?

        package init(rotation: Rotation, normalizes: Bool, offsetFactor: Double?) {
            self.rotation = rotation
            self.normalizes = normalizes
            self.offsetFactor = offsetFactor
        }

        /// What a rotated row of norm `norm` may be off by in `count` of its coordinates: `omega |x| + tau`.
        func error(norm: Double, rows count: Int) -> Double {
            let normalization = normalizes ? WorkingRows.normalizationError(dimension: rotation.dimension) : 0
            let relative = rotation.relativeError(rows: count) + normalization * (1 + rotation.defect)
            return (relative * norm * (1 + 0x1p-20) + rotation.absoluteError(rows: count))
        }
    }

    /// Codes the rows of a matrix that `order` names, in that order.
    ///
    /// - Parameters:
    ///   - norms: Canonical norms of all rows of the matrix.
    ///   - check: Called between blocks; what it throws ends the work.
    /// - Complexity: `2 * rows * d^2` operations for a rotation; two blocks of rows of scratch a worker.
    package init(
        encoding storage: RowStorage,
        order: [UInt32],
        norms: [Double],
        image: CodeImage,
        by encoding: Encoding,
        level: KernelLevel,
        workers: Int,
        check: @escaping @Sendable () throws -> Void
    ) throws {
        precondition(image.rowCount == order.count)
        let bytes = try unsafe SharedBytes(byteCount: image.byteCount) { start in
            let target = unsafe WritableImage(start: start)
            _ = try concurrentMap(count: image.blockCount, workers: workers) { block in
                try check()
                var encoder = unsafe BlockEncoder(image: image, encoding: encoding, level: level, base: target.start)
                encoder.encode(block, of: storage, order: order, norms: norms)
            }
        }
        guard let rows = CodedRows(image: image, bytes: bytes, byteOffset: 0) else {
            preconditionFailure("the bytes have been sized for the image")
        }
        self = rows
    }
}

/// The image while it is written, block by block, by workers that share no byte.
@unsafe struct WritableImage: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
}

/// Writes the codes and terms of one block after the other.
@safe private struct BlockEncoder: ~Copyable {
    let image: CodeImage
    let encoding: CodedRows.Encoding
    private let base: UnsafeMutableRawPointer
    private var rows = WorkingRows()
    private var panels: PanelEncoder
    private var quantizer: Quantizer
    private let level: KernelLevel

    init(image: CodeImage, encoding: CodedRows.Encoding, level: KernelLevel, base: UnsafeMutableRawPointer) {
        self.image = image
        self.level = level
        self.encoding = encoding
        unsafe self.base = unsafe base
        unsafe panels = PanelEncoder(image: image, level: level, base: base)
        quantizer = Quantizer(capacity: image.shape.tail)
    }

    mutating func encode(_ block: Int, of storage: RowStorage, order: [UInt32], norms: [Double]) {
        let places = image.rows(ofBlock: block)
        rows.load(count: places.count, of: storage, normalizing: encoding.normalizes, level: level) {
            Int(order[places.lowerBound + $0])
        }
        rows.rotate(encoding.rotation, columns: 0..<image.shape.prefix, gemm: GEMM.preferred)
        var terms = CodeBlockTerms(scale: 0, residual: 0, prefixNorm: 0, tailNorm: 0, norm: 0)
        let scale = panels.scale(for: rows)
        terms.scale = Double(scale)
        for (i, place) in places.enumerated() {
            let source = Int(order[place])
            let norm = encoding.normalizes ? 1 : norms[source]
            unsafe (base + image.order).storeBytes(of: order[place], toByteOffset: 4 * place, as: UInt32.self)
            unsafe (base + image.norms).storeBytes(of: norms[source], toByteOffset: 8 * place, as: Double.self)
            let prefix = panels.encode(rows, i, at: place, scale: scale)
            let error = encoding.error(norm: norm, rows: image.shape.prefix)
            let residual = Float(roundingUp: prefix.residual + error)
            let prefixNorm = Float(roundingUp: prefix.norm * (1 + 0x1p-40) + error)
            panels.write(residual: residual, prefixNorm: prefixNorm, at: place)
            terms.residual = max(terms.residual, Double(residual))
            terms.prefixNorm = max(terms.prefixNorm, Double(prefixNorm))
            terms.norm = max(terms.norm, norm)
            if image.shape.rest > 0 {
                let outside = Float(
                    roundingUp: encoding.rotation.outside(norm: norm, computed: prefix.norm, error: error)
                )
                unsafe (base + image.tailNorms).storeBytes(of: outside, toByteOffset: 4 * place, as: Float.self)
                terms.tailNorm = max(terms.tailNorm, Double(outside))
            }
            if let factor = encoding.offsetFactor {
                let offset = Float(roundingDown: norm * norm * factor)
                unsafe (base + image.offsets).storeBytes(of: offset, toByteOffset: 4 * place, as: Float.self)
            }
        }
        panels.pad(after: places.upperBound)
        if image.shape.tail > 0 { terms.tailNorm = encodeTails(places, norms: norms, order: order) }
        panels.write(terms, ofBlock: block)
    }

    /// Writes the tails of a block; returns the largest tail norm.
    private mutating func encodeTails(_ places: Range<Int>, norms: [Double], order: [UInt32]) -> Double {
        let shape = image.shape
        var largestNorm = 0.0
        rows.rotate(encoding.rotation, columns: shape.prefix..<shape.prefix + shape.tail, gemm: GEMM.preferred)
        for (i, place) in places.enumerated() {
            let y = unsafe rows.row(at: i)
            let extent = unsafe Quantizer.extent(y, count: shape.tail, level: level)
            let scale = Quantizer.scale(
                largest: extent.largest,
                limit: CodeShape.tailRowLimit,
                norm: extent.norm,
                codeNorm: CodeShape.tailNorm
            )
            let coded = unsafe quantizer.quantize(
                y,
                count: shape.tail,
                scale: scale,
                limit: CodeShape.tailRowLimit,
                level: level
            )
            let codes = unsafe base + (image.tails + place * shape.tail)
            var j = 0
            while j &+ 4 <= shape.tail {
                let bytes = SIMD4<Int8>(truncatingIfNeeded: quantizer.fourCodes(j, below: shape.tail))
                unsafe codes.storeBytes(of: bytes, toByteOffset: j, as: SIMD4<Int8>.self)
                j &+= 4
            }
            while j < shape.tail {
                unsafe codes.storeBytes(of: Int8(truncatingIfNeeded: quantizer.code(j)), toByteOffset: j, as: Int8.self)
                j &+= 1
            }
            let norm = encoding.normalizes ? 1 : norms[Int(order[place])]
            let error = encoding.error(norm: norm, rows: shape.tail)
            let tailNorm = Float(roundingUp: extent.norm * (1 + 0x1p-40) + error)
            let start = unsafe base + (image.tailTerms + 8 * place)
            unsafe start.storeBytes(of: Float(roundingUp: coded.residual + error), as: Float.self)
            unsafe start.storeBytes(of: scale, toByteOffset: 4, as: Float.self)
            unsafe (base + image.tailNorms).storeBytes(of: tailNorm, toByteOffset: 4 * place, as: Float.self)
            largestNorm = max(largestNorm, Double(tailNorm))
        }
        return largestNorm
    }
}
