// SPDX-License-Identifier: Apache-2.0

/// Makes codes of coordinates: `code = clamp(round(y / scale))`, and measures what is lost.
///
/// Nothing here needs to round in any particular way: `residual` is measured with the codes that came out, and is a true
/// upper bound of `|y - scale * code|`. It is computed in single precision, two roundings of at most `u |y_i|` and
/// `u |scale * code_i| <= u (|y_i| + |r_i|)`, and summed in `Double`.
@safe package struct Quantizer: ~Copyable {
    private var codes: UnsafeMutableBufferPointer<Int16>
    private var residuals: UnsafeMutableBufferPointer<Float>

    package init(capacity: Int) {
        unsafe codes = .allocate(capacity: max(capacity, 1))
        unsafe residuals = .allocate(capacity: max(capacity, 1))
    }

    deinit {
        unsafe codes.deallocate()
        unsafe residuals.deallocate()
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

    /// Norm and largest magnitude of some coordinates.
    package static func extent(
        _ y: UnsafePointer<Float>,
        count: Int,
        level: KernelLevel
    ) -> (norm: Double, largest: Float) {
        var peaks = SIMD4<Float>.zero
        var i = 0
        while i &+ 4 <= count {
            let v = unsafe SIMD4(loading: y, at: i)
            let size = v.replacing(with: -v, where: v .< 0)
            peaks.replace(with: size, where: size .> peaks)
            i &+= 4
        }
        var largest = peaks.max()
        while i < count {
            unsafe largest = max(largest, abs(y[i]))
            i &+= 1
        }
        return unsafe (Verdict.dot(level, y, y, depth: count).squareRoot(), largest)
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
        let residuals = unsafe residuals.baseAddress.unsafelyUnwrapped
        let inverse = 1 / scale
        let most = Float(limit)
        // Adding 1.5 * 2^23 rounds to an integer, for values below 2^22; the clamp comes first.
        let magic: Float = 12_582_912
        var squares = SIMD4<Int32>.zero
        var squaredCodeNorm = 0
        var i = 0
        while i &+ 4 <= count {
            let v = unsafe SIMD4(loading: y, at: i)
            var clamped = v * inverse
            clamped.replace(with: SIMD4(repeating: most), where: clamped .> most)
            clamped.replace(with: SIMD4(repeating: -most), where: clamped .< -most)
            let shifted = clamped + magic
            let rounded = shifted - magic
            let bits = unsafe unsafeBitCast(shifted, to: SIMD4<Int32>.self)
            let integers: SIMD4<Int32> = bits &- SIMD4<Int32>(repeating: 0x4B40_0000)
            unsafe UnsafeMutableRawPointer(codes + i).storeBytes(
                of: SIMD4<Int16>(truncatingIfNeeded: integers),
                as: SIMD4<Int16>.self
            )
            unsafe UnsafeMutableRawPointer(residuals + i).storeBytes(of: v - rounded * scale, as: SIMD4<Float>.self)
            if limit <= 127 {
                squares &+= integers &* integers
            } else {
                let wide = SIMD4<Int64>(truncatingIfNeeded: integers)
                let products = wide &* wide
                squaredCodeNorm &+= Int((products[0] &+ products[1]) &+ (products[2] &+ products[3]))
            }
            i &+= 4
        }
        squaredCodeNorm &+= Int(squares[0]) &+ Int(squares[1]) &+ Int(squares[2]) &+ Int(squares[3])
        while i < count {
            let value = unsafe min(max(y[i] * inverse, -most), most).rounded()
            unsafe codes[i] = Int16(value)
            unsafe residuals[i] = y[i] - value * scale
            squaredCodeNorm &+= Int(value) &* Int(value)
            i &+= 1
        }
        while squaredCodeNorm > squaredLimit {
            var largest = 0
            for j in 0..<count where unsafe abs(codes[j]) > abs(codes[largest]) { largest = j }
            let code = unsafe codes[largest]
            unsafe codes[largest] = code - code.signum()
            squaredCodeNorm -= 2 * Int(abs(code)) - 1
            unsafe residuals[largest] = y[largest] - Float(codes[largest]) * scale
        }
        let lost = unsafe Verdict.dot(level, residuals, residuals, depth: count).squareRoot()
        let size = unsafe Verdict.dot(level, y, y, depth: count).squareRoot()
        let underflow = Double(count).squareRoot() * 0x1p-148
        return (squaredCodeNorm, (lost * (1 + 0x1p-22) + size * 0x1p-22) * (1 + 0x1p-40) + underflow)
    }
}
