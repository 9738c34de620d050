// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// Makes codes of coordinates: `code = clamp(round(y / scale))`, and measures what is lost.
///
/// Nothing here needs to round in any particular way: `residual` is measured with the codes that came out, and is a true
/// upper bound of `|y - scale * code|`. It is computed in single precision, fused or by two roundings of at most `u |y_i|` and
/// `u |scale * code_i| <= u (|y_i| + |r_i|)`, and summed in `Double` in any order.
@safe package struct Quantizer: ~Copyable {
    private var codes: UnsafeMutableBufferPointer<Int16>

    package init(capacity: Int) {
        unsafe codes = .allocate(capacity: max(capacity, 1))
    }

    deinit {
        unsafe codes.deallocate()
    }

    /// The codes of the last vector.
    @inline(__always)
    package func code(_ index: Int) -> Int16 { unsafe codes[index] }

    /// Four codes from `index` on; 0 for those at `end` or beyond it.
    @inline(__always)
    func fourCodes(_ index: Int, below end: Int) -> SIMD4<Int16> {
        if index &+ 4 <= end {
            let start = unsafe UnsafeRawPointer(codes.baseAddress.unsafelyUnwrapped + index)
            return unsafe start.loadUnaligned(as: SIMD4<Int16>.self)
        }
        var four = SIMD4<Int16>.zero
        for i in 0..<4 where index &+ i < end { four[i] = code(index &+ i) }
        return four
    }

    /// Norm, of squares added in any order in `Double`, and largest magnitude of some coordinates.
    package static func extent(
        _ y: UnsafePointer<Float>,
        count: Int,
        level: KernelLevel
    ) -> (norm: Double, largest: Float) {
        var largest: Float = 0
        let squares = unsafe level.kernels.extent(y, count, &largest)
        return (squares.squareRoot(), largest)
    }

    static func referenceExtent(_ y: UnsafePointer<Float>, _ count: Int, _ largest: UnsafeMutablePointer<Float>)
        -> Double
    {
        var peak: Float = 0
        for i in 0..<count { peak = unsafe max(peak, abs(y[i])) }
        unsafe largest.pointee = peak
        return unsafe Verdict.simdDot(y, y, depth: count)
    }

    /// A scale for coordinates whose largest magnitude and (chunk) norm are known: codes stay within `limit`, and their norm
    /// within `norm` as far as rounding lets them. Never below the least normal float, so that it may divide.
    package static func scale(largest: Float, limit: Int, norm: Double, codeNorm: Double) -> Float {
        max(largest / Float(limit), Float(norm / codeNorm), Float.leastNormalMagnitude)
    }

    /// Quantizes `count` coordinates; returns `|codes|` squared and an upper bound of the norm of what is lost.
    ///
    /// - Parameter squaredLimit: The most `|codes|^2` may be; codes are moved towards zero until they keep to it.
    package mutating func quantize(
        _ y: UnsafePointer<Float>,
        count: Int,
        scale: Float,
        limit: Int,
        squaredLimit: Int = .max,
        at offset: Int = 0,
        level: KernelLevel
    ) -> (squaredCodeNorm: Int, residual: Double) {
        let codes = unsafe codes.baseAddress.unsafelyUnwrapped + offset
        var coded = unsafe level.kernels.quantize(y, count, scale, Float(limit), codes)
        if Int(coded.squares) > squaredLimit { unsafe shrink(codes, y, count, scale, squaredLimit, &coded) }
        let underflow = Double(count).squareRoot() * 0x1p-148
        let residual = coded.lost.squareRoot() * (1 + 0x1p-22) + coded.size.squareRoot() * 0x1p-22
        return (Int(coded.squares), residual * (1 + 0x1p-40) + underflow)
    }

    /// Moves the largest codes towards zero until their norm keeps to a limit: seldom, and then by a few steps.
    private func shrink(
        _ codes: UnsafeMutablePointer<Int16>,
        _ y: UnsafePointer<Float>,
        _ count: Int,
        _ scale: Float,
        _ squaredLimit: Int,
        _ coded: inout simile_quantized
    ) {
        while Int(coded.squares) > squaredLimit {
            var largest = 0
            for j in 0..<count where unsafe abs(codes[j]) > abs(codes[largest]) { largest = j }
            let code = unsafe codes[largest]
            unsafe codes[largest] = code - code.signum()
            coded.squares -= 2 * Int64(abs(code)) - 1
        }
        coded.lost = 0
        for j in 0..<count {
            let rest = unsafe Double(y[j] - Float(codes[j]) * scale)
            coded.lost += rest * rest
        }
    }

    /// One coordinate after the other.
    static func reference(
        _ y: UnsafePointer<Float>,
        _ count: Int,
        _ scale: Float,
        _ limit: Float,
        _ codes: UnsafeMutablePointer<Int16>
    ) -> simile_quantized {
        var coded = simile_quantized(lost: 0, size: 0, squares: 0)
        for i in 0..<count { unsafe code(i, y, 1 / scale, scale, limit, codes, &coded) }
        return coded
    }

    @inline(__always)
    private static func code(
        _ i: Int,
        _ y: UnsafePointer<Float>,
        _ inverse: Float,
        _ scale: Float,
        _ limit: Float,
        _ codes: UnsafeMutablePointer<Int16>,
        _ coded: inout simile_quantized
    ) {
        let value = unsafe min(max(y[i] * inverse, -limit), limit).rounded(.toNearestOrEven)
        let (rest, size) = unsafe (Double(y[i] - value * scale), Double(y[i]))
        unsafe codes[i] = Int16(value)
        coded.lost += rest * rest
        coded.size += size * size
        coded.squares += Int64(value) * Int64(value)
    }

    /// Four at a time.
    static func simd(
        _ y: UnsafePointer<Float>,
        _ count: Int,
        _ scale: Float,
        _ limit: Float,
        _ codes: UnsafeMutablePointer<Int16>
    ) -> simile_quantized {
        let inverse = 1 / scale
        // Adding 1.5 * 2^23 rounds to an integer, for values below 2^22; the clamp comes first.
        let magic: Float = 12_582_912
        var (lost, size, squares) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
        var i = 0
        while i &+ 4 <= count {
            let v = unsafe SIMD4(loading: y, at: i)
            var clamped = v * inverse
            clamped.replace(with: SIMD4(repeating: limit), where: clamped .> limit)
            clamped.replace(with: SIMD4(repeating: -limit), where: clamped .< -limit)
            let shifted = clamped + magic
            let rounded = shifted - magic
            let bits = unsafe unsafeBitCast(shifted, to: SIMD4<Int32>.self)
            let integers: SIMD4<Int32> = bits &- SIMD4<Int32>(repeating: 0x4B40_0000)
            unsafe UnsafeMutableRawPointer(codes + i).storeBytes(
                of: SIMD4<Int16>(truncatingIfNeeded: integers),
                as: SIMD4<Int16>.self
            )
            let rest = SIMD4<Double>(v - rounded * scale)
            lost += rest * rest
            size += SIMD4<Double>(v) * SIMD4<Double>(v)
            // Integers below 2^53 are added exactly.
            squares += SIMD4<Double>(rounded) * SIMD4<Double>(rounded)
            i &+= 4
        }
        var coded = simile_quantized(lost: lost.sum(), size: size.sum(), squares: Int64(squares.sum()))
        while i < count {
            unsafe code(i, y, inverse, scale, limit, codes, &coded)
            i &+= 1
        }
        return coded
    }
}
