// SPDX-License-Identifier: Apache-2.0

/// What holds for one coded query; the letters are those of `CodeBound`.
package struct CodeQueryTerms: Sendable {
    /// `s`: a code of the prefix stands for `s * code`.
    package var scale = 1.0
    /// `h`: the length of the decoded prefix.
    package var codedNorm = 0.0
    /// `e`: what the codes of the prefix lose.
    package var residual = 0.0
    /// `b`: the length of what is not in the prefix.
    package var tailNorm = 0.0
    package var tailScale = 1.0
    package var tailCodedNorm = 0.0
    package var tailResidual = 0.0
    /// The length of the query as it is compared: 1 for cosines.
    package var norm = 0.0
    /// The canonical norm of the query as it is.
    package var sourceNorm = 0.0
}

/// A block of queries, coded as the rows of a corpus are. One worker owns it. Not copyable, like `RowTile`.
@safe package struct CodedQueries: ~Copyable {
    package private(set) var terms: [CodeQueryTerms] = []
    private(set) var codes = CodeBuffer()
    private(set) var corrections: UnsafeMutableBufferPointer<Int32>
    private(set) var tails: UnsafeMutableBufferPointer<Int16>
    /// How the codes of the level are cut.
    private(set) var chunks = CodeProfile.wide.chunks(depth: 4)
    /// Where the kernels of the level read them.
    private(set) var layout = QueryLayout.quads
    private var rows = WorkingRows()

    package init() {
        unsafe corrections = .allocate(capacity: 1)
        unsafe tails = .allocate(capacity: 1)
    }

    deinit {
        unsafe corrections.deallocate()
        unsafe tails.deallocate()
    }

    package var count: Int { terms.count }

    /// Codes rows `rowNumber(0)` ... `rowNumber(count - 1)` of a matrix; those for which `isLeftOut` holds (they get it by
    /// their canonical norm) have codes 0.
    package mutating func load(
        count: Int,
        of storage: RowStorage,
        shape: CodeShape,
        by encoding: CodedRows.Encoding,
        level: KernelLevel,
        rowNumber: (Int) -> Int,
        isLeftOut: (Double) -> Bool
    ) {
        let padded = CodeLayout.quads(count) * CodeLayout.quadQueries
        chunks = level.codes.chunks(depth: shape.depth)
        layout = level.queries
        codes.reset(count: layout.codeCount(queries: count, depth: shape.depth))
        reserve(corrections: padded * chunks.count, tails: count * shape.tail)
        unsafe corrections.update(repeating: 0)
        rows.load(
            count: count,
            of: storage,
            normalizing: encoding.normalizes,
            level: level,
            rowNumber: rowNumber
        )
        terms = rows.norms.map { norm in
            var terms = CodeQueryTerms()
            terms.sourceNorm = norm
            if !isLeftOut(norm) { terms.norm = encoding.normalizes ? 1 : norm }
            return terms
        }
        var quantizer = Quantizer(capacity: max(shape.depth, shape.tail))
        rows.rotate(encoding.rotation, columns: 0..<shape.prefix, gemm: GEMM.preferred)
        for i in 0..<count where !isLeftOut(terms[i].sourceNorm) {
            encodePrefix(i, shape, encoding, &quantizer, level)
        }
        if shape.tail == 0 { return }
        rows.rotate(encoding.rotation, columns: shape.prefix..<shape.prefix + shape.tail, gemm: GEMM.preferred)
        for i in 0..<count {
            if isLeftOut(terms[i].sourceNorm) {
                for j in 0..<shape.tail { unsafe tails[i * shape.tail + j] = 0 }
            } else {
                encodeTail(i, shape, encoding, &quantizer, level)
            }
        }
    }

    /// Takes rows that are coded already, those of one block, for queries.
    ///
    /// Where queries may be as large as rows, the wide profile, nothing is coded anew. Else the codes of a row that has larger ones are
    /// coded, as if they were the row: what that loses comes to what they have lost themselves.
    package mutating func load(_ places: Range<Int>, of coded: CodedRows, normalizes: Bool, level: KernelLevel) {
        precondition(level.codes.takes(rowsOf: coded.shape.profile))
        let shape = coded.shape
        let padded = CodeLayout.quads(places.count) * CodeLayout.quadQueries
        chunks = level.codes.chunks(depth: shape.depth)
        layout = level.queries
        codes.reset(count: layout.codeCount(queries: places.count, depth: shape.depth))
        reserve(corrections: padded * chunks.count, tails: places.count * shape.tail)
        unsafe corrections.update(repeating: 0)
        let block = coded.terms(ofBlock: places.lowerBound / CodeLayout.blockRows)
        var quantizer = Quantizer(capacity: shape.depth)
        var scratch = [Float](repeating: 0, count: shape.depth)
        terms = places.enumerated().map { i, place in
            let row = coded.terms(of: place)
            var terms = CodeQueryTerms()
            terms.sourceNorm = coded.norm(of: place)
            terms.norm = normalizes ? 1 : terms.sourceNorm
            let prefix =
                level.codes.queryLimit >= shape.profile.rowLimit
                ? (scale: Float(1), squares: takePrefix(i, at: place, of: coded, level.codes), residual: 0)
                : shrinkPrefix(i, at: place, of: coded, &scratch, &quantizer, level)
            // Both are floats, so their product is exact.
            terms.scale = block.scale * Double(prefix.scale)
            terms.codedNorm = terms.scale * Double(prefix.squares).squareRoot() * (1 + 0x1p-40)
            terms.residual = Double(row.residual) + block.scale * prefix.residual * (1 + 0x1p-40)
            terms.tailNorm = Double(row.tailNorm)
            if shape.tail > 0 {
                terms.tailScale = Double(row.tailScale)
                let squares = Double(takeTail(i, at: place, of: coded))
                terms.tailCodedNorm = terms.tailScale * squares.squareRoot() * (1 + 0x1p-40)
                terms.tailResidual = Double(row.tailResidual)
            }
            return terms
        }
    }

    /// Codes the codes of a row for a profile whose queries have smaller ones: those that are small enough stay as they are.
    ///
    /// - Returns: What a code stands for, in codes of the row, the squares of the codes, and the length of what they lose.
    private mutating func shrinkPrefix(
        _ i: Int,
        at place: Int,
        of coded: CodedRows,
        _ scratch: inout [Float],
        _ quantizer: inout Quantizer,
        _ level: KernelLevel
    ) -> (scale: Float, squares: Int, residual: Double) {
        let shape = coded.shape
        let (panel, lane) = place.quotientAndRemainder(dividingBy: CodeLayout.panelRows)
        let source =
            unsafe coded.base + (coded.image.panels + panel * CodeLayout.panelRows * shape.depth + 4 * lane)
        var largest: Int32 = 0
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
            for step in 0..<shape.depth / CodeLayout.step {
                let four = unsafe source.loadUnaligned(fromByteOffset: 64 &* step, as: UInt32.self)
                for j in 0..<CodeLayout.step {
                    let code = Int32(truncatingIfNeeded: four &>> UInt32(8 &* j) & 0xFF) &- 128
                    largest = max(largest, abs(code))
                    unsafe scratch[4 &* step &+ j] = Float(code)
                }
            }
        }
        // The codes of a chunk keep to the norm that queries keep to as well.
        let limit = level.codes.queryLimit
        let scale = Int(largest) <= limit ? 1 : Float(largest) / Float(limit)
        let made = unsafe scratch.withUnsafeBufferPointer { y in
            unsafe encode(y.baseAddress.unsafelyUnwrapped, i, shape, scale: scale, &quantizer, level)
        }
        return (scale, made.squaredNorm, made.squaredResidual.squareRoot())
    }

    /// Moves the codes of a row from its panel; returns the sum of their squares.
    private mutating func takePrefix(_ i: Int, at place: Int, of coded: CodedRows, _ profile: CodeProfile) -> Int {
        let depth = coded.shape.depth
        let (panel, lane) = place.quotientAndRemainder(dividingBy: CodeLayout.panelRows)
        let source = unsafe coded.base + (coded.image.panels + panel * CodeLayout.panelRows * depth + 4 * lane)
        let start = layout.start(ofQuery: i, depth: depth)
        var sum = SIMD4<Int32>.zero
        var squares = SIMD4<Int32>.zero
        for coordinate in stride(from: 0, to: depth, by: CodeLayout.step) {
            // A code is there as itself + 128.
            let stored: SIMD4<UInt8> = unsafe source.loadUnaligned(
                fromByteOffset: coordinate / CodeLayout.step * 64,
                as: SIMD4<UInt8>.self
            )
            let four = SIMD4<Int8>(truncatingIfNeeded: stored ^ 0x80)
            let target = unsafe UnsafeMutableRawPointer(codes.base + (start + layout.offset(ofCoordinate: coordinate)))
            unsafe target.storeBytes(of: four, as: SIMD4<Int8>.self)
            let wide = SIMD4<Int32>(truncatingIfNeeded: four)
            sum &+= wide
            squares &+= wide &* wide
        }
        let place = CodeLayout.correction(ofQuery: i, chunks: chunks.count)
        unsafe corrections[place] = profile.correction(low: sum.wrappedSum(), high: 0)
        return Int(squares.wrappedSum())
    }

    /// Widens the codes of a row's tail; returns the sum of their squares.
    private mutating func takeTail(_ i: Int, at place: Int, of coded: CodedRows) -> Int {
        let tail = coded.shape.tail
        let source = unsafe (coded.base + (coded.image.tails + place * tail)).assumingMemoryBound(to: Int8.self)
        var squares = 0
        for j in 0..<tail {
            let code = unsafe Int16(source[j])
            unsafe tails[i * tail + j] = code
            squares &+= Int(code) &* Int(code)
        }
        return squares
    }

    private mutating func encodePrefix(
        _ i: Int,
        _ shape: CodeShape,
        _ encoding: CodedRows.Encoding,
        _ quantizer: inout Quantizer,
        _ level: KernelLevel
    ) {
        let y = unsafe rows.row(at: i)
        var largest: Float = 0
        var norm = 0.0
        for index in 0..<chunks.count {
            let range = chunks.range(index, below: shape.prefix)
            let extent = unsafe Quantizer.extent(y + range.lowerBound, count: range.count, level: level)
            largest = max(largest, extent.largest)
            norm = max(norm, extent.norm)
        }
        let scale = Quantizer.scale(
            largest: largest,
            limit: level.codes.queryLimit,
            norm: norm,
            codeNorm: level.codes.codeNorm
        )
        let coded = unsafe encode(y, i, shape, scale: scale, &quantizer, level)
        terms[i].scale = Double(scale)
        terms[i].codedNorm = Double(scale) * Double(coded.squaredNorm).squareRoot() * (1 + 0x1p-40)
        let error = encoding.error(norm: terms[i].norm, rows: shape.prefix)
        terms[i].residual = coded.squaredResidual.squareRoot() * (1 + 0x1p-40) + error
        if shape.rest > 0 {
            let computed = unsafe Verdict.dot(level, y, y, depth: shape.prefix).squareRoot()
            terms[i].tailNorm = encoding.rotation.outside(norm: terms[i].norm, computed: computed, error: error)
        }
    }

    /// Makes the codes of a query and what undoes the 128; returns the squares of the codes and of what they lose.
    private mutating func encode(
        _ y: UnsafePointer<Float>,
        _ i: Int,
        _ shape: CodeShape,
        scale: Float,
        _ quantizer: inout Quantizer,
        _ level: KernelLevel
    ) -> (squaredNorm: Int, squaredResidual: Double) {
        let profile = level.codes
        let start = layout.start(ofQuery: i, depth: shape.depth)
        let corrections =
            unsafe corrections.baseAddress.unsafelyUnwrapped
            + CodeLayout.correction(ofQuery: i, chunks: chunks.count)
        var squaredNorm = 0
        var squaredResidual = 0.0
        for index in 0..<chunks.count {
            let range = chunks.range(index, below: shape.prefix)
            let coded = unsafe quantizer.quantize(
                y + range.lowerBound,
                count: range.count,
                scale: scale,
                limit: profile.queryLimit,
                squaredLimit: profile.squaredChunkLimit,
                level: level
            )
            squaredNorm += coded.squaredCodeNorm
            squaredResidual += coded.residual * coded.residual
            var sums: (Int32, Int32) = (0, 0)
            for j in 0..<range.count {
                let code = quantizer.code(j)
                let coordinate = range.lowerBound + j
                codes[start + layout.offset(ofCoordinate: coordinate)] = Int8(truncatingIfNeeded: code)
                if coordinate % CodeLayout.step < 2 { sums.0 += Int32(code) } else { sums.1 += Int32(code) }
            }
            unsafe corrections[CodeLayout.quadQueries * index] = profile.correction(low: sums.0, high: sums.1)
        }
        return (squaredNorm, squaredResidual)
    }

    private mutating func encodeTail(
        _ i: Int,
        _ shape: CodeShape,
        _ encoding: CodedRows.Encoding,
        _ quantizer: inout Quantizer,
        _ level: KernelLevel
    ) {
        let y = unsafe rows.row(at: i)
        let extent = unsafe Quantizer.extent(y, count: shape.tail, level: level)
        let scale = Quantizer.scale(
            largest: extent.largest,
            limit: Int(Int16.max),
            norm: extent.norm,
            codeNorm: CodeShape.tailNorm
        )
        let coded = unsafe quantizer.quantize(
            y,
            count: shape.tail,
            scale: scale,
            limit: Int(Int16.max),
            level: level
        )
        for j in 0..<shape.tail { unsafe tails[i * shape.tail + j] = quantizer.code(j) }
        let error = encoding.error(norm: terms[i].norm, rows: shape.tail)
        terms[i].tailScale = Double(scale)
        terms[i].tailCodedNorm = Double(scale) * Double(coded.squaredCodeNorm).squareRoot() * (1 + 0x1p-40)
        terms[i].tailResidual = coded.residual + error
        terms[i].tailNorm = extent.norm * (1 + 0x1p-40) + error
    }

    private mutating func reserve(corrections correctionCount: Int, tails tailCount: Int) {
        if unsafe corrections.count < correctionCount {
            unsafe corrections.deallocate()
            unsafe corrections = .allocate(capacity: correctionCount)
        }
        if unsafe tails.count < tailCount {
            unsafe tails.deallocate()
            unsafe tails = .allocate(capacity: tailCount)
        }
    }
}
