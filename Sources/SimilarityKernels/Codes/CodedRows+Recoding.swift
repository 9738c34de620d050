// SPDX-License-Identifier: Apache-2.0

internal import System

extension CodedRows {
    /// These rows for kernels of a profile that does not take their codes; themselves if it does.
    ///
    /// The decoded prefixes are coded again, so no row is read and no rotation made. What that loses is measured and added to what
    /// the first codes lost, so every bound stays one.
    ///
    /// - Complexity: one read of the codes of the prefix, and a copy of the image.
    package func recoded(for profile: CodeProfile, level: KernelLevel, workers: Int) throws -> CodedRows {
        if profile.takes(rowsOf: shape.profile) { return self }
        let shape = CodeShape(
            dimension: shape.prefix + shape.tail + shape.rest,
            prefix: shape.prefix,
            codesTail: shape.rest == 0,
            profile: profile
        )
        // The parts lie where they lay: a profile changes what codes say, not where they are.
        guard let target = CodeImage(shape: shape, rowCount: rowCount, hasOffsets: image.hasOffsets) else {
            preconditionFailure("an image of the same sizes exists")
        }
        let bytes = try unsafe SharedBytes(byteCount: target.byteCount) { start in
            unsafe start.copyMemory(from: base, byteCount: target.byteCount)
            let writable = unsafe WritableImage(start: start)
            _ = try concurrentMap(count: target.blockCount, workers: workers) { block in
                var panels = unsafe PanelEncoder(image: target, level: level, base: writable.start)
                var rows = WorkingRows()
                recode(block, with: &panels, &rows)
            }
        }
        guard let rows = CodedRows(image: target, bytes: bytes, byteOffset: 0) else {
            preconditionFailure("the bytes have been sized for the image")
        }
        return rows
    }

    private func recode(_ block: Int, with panels: inout PanelEncoder, _ rows: inout WorkingRows) {
        let places = image.rows(ofBlock: block)
        var terms = terms(ofBlock: block)
        // A scale that no encoder writes decodes nothing: such a block has codes 0 and no bound, and drops no pair.
        let given = Float(terms.scale)
        let isSound = given.isNormal && given > 0 && given < 1e30
        let decoded = isSound ? given : 0
        unsafe rows.load(count: places.count, columns: shape.prefix) { row, vector in
            let codes =
                unsafe base + (image.panels + CodeLayout.start(ofRow: places.lowerBound + row, depth: shape.depth))
            for j in 0..<shape.prefix {
                let (step, place) = j.quotientAndRemainder(dividingBy: CodeLayout.step)
                let code = unsafe codes.load(fromByteOffset: CodeLayout.rowStep * step + place, as: UInt8.self)
                unsafe vector[j] = Float(Int(code) - Int(CodeLayout.bias)) * decoded
            }
        }
        let scale = panels.scale(for: rows)
        terms.scale = Double(scale)
        terms.residual = 0
        for (i, place) in places.enumerated() {
            let old = self.terms(of: place)
            let coded = panels.encode(rows, i, at: place, scale: scale)
            // A decoded coordinate was rounded once.
            let rounding = coded.norm * 0x1p-23 + Double(shape.prefix).squareRoot() * 0x1p-148
            let lost = (Double(old.residual) + coded.residual + rounding) * (1 + 0x1p-40)
            let residual = isSound ? Float(roundingUp: lost) : .infinity
            panels.write(residual: residual, prefixNorm: old.prefixNorm, at: place)
            terms.residual = max(terms.residual, Double(residual))
        }
        panels.write(terms, ofBlock: block)
    }
}
