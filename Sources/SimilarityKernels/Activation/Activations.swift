// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The functions of a transformer that have versions for instruction sets.
package enum Activations {
    /// values <- gelu(values + bias): `x * (1 + erf(x / sqrt 2)) / 2`.
    ///
    /// Requires: both addresses readable for `count` floats, and `values` writable and apart from `bias`.
    /// Accuracy: absolute error below `5e-7 * max(1, |x|)`. NaN gives NaN. Gaussian error linear units: Hendrycks and Gimpel, arXiv:1606.08415.
    @inline(__always)
    package static func gelu(
        _ values: UnsafeMutablePointer<Float>,
        _ bias: UnsafePointer<Float>,
        _ count: Int,
        level: KernelLevel
    ) {
        unsafe level.kernels.gelu(values, bias, count)
    }

    /// row <- softmax(scale * row), in place: `e^(scale * (x - max))` over the sum of them.
    ///
    /// Requires: `row` readable and writable for `count` floats, `count` > 0, `scale` > 0. No overflow, whatever the
    /// scores; a score of minus infinity gives e^-87 over the sum, a NaN among the scores makes the whole row NaN.
    ///
    /// Accuracy: each value within a relative `(count / 4 + 8) * 2^-22` plus 2e-38, for scores whose scaled
    /// differences are of moderate size.
    @inline(__always)
    package static func softmax(_ row: UnsafeMutablePointer<Float>, count: Int, scale: Float, level: KernelLevel) {
        unsafe level.kernels.softmax(row, count, scale)
    }

    static func referenceGELU(_ values: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, _ count: Int) {
        for i in 0..<count {
            let x = unsafe Double(values[i] + bias[i])
            unsafe values[i] = Float(x * (1 + erf(x * 0.5.squareRoot())) / 2)
        }
    }

    static func referenceSoftmax(_ row: UnsafeMutablePointer<Float>, _ count: Int, _ scale: Float) {
        var (maximum, sum) = (-Float.infinity, 0.0)
        for i in 0..<count where unsafe row[i] > maximum { unsafe maximum = row[i] }
        for i in 0..<count {
            let x = unsafe Double((row[i] - maximum) * scale)
            let e = exp(x < -87 ? -87 : x)
            unsafe row[i] = Float(e)
            sum += e
        }
        for i in 0..<count { unsafe row[i] = Float(Double(row[i]) / sum) }
    }

    static func simdGELU(_ values: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, _ count: Int) {
        unsafe values.addAndMap(bias, count: count) { x in
            let half = x * 0.5
            return half + half * (x * 0.707_106_78).errorFunction
        }
    }

    static func simdSoftmax(_ row: UnsafeMutablePointer<Float>, _ count: Int, _ scale: Float) {
        var maximum4 = SIMD4<Float>(repeating: -.infinity)
        var i = 0
        while i &+ 4 <= count {
            let x = unsafe SIMD4(loading: row, at: i)
            maximum4 = maximum4.replacing(with: x, where: x .> maximum4)
            i &+= 4
        }
        var maximum = maximum4.max()
        while i < count {
            unsafe maximum = max(maximum, row[i])
            i &+= 1
        }

        var sum4 = SIMD4<Float>.zero
        i = 0
        while i &+ 4 <= count {
            let e = unsafe ((SIMD4(loading: row, at: i) - maximum) * scale).exponential
            unsafe UnsafeMutableRawPointer(row + i).storeBytes(of: e, as: SIMD4<Float>.self)
            sum4 += e
            i &+= 4
        }
        var sum = sum4.filterSum
        if i < count {
            var tail = SIMD4<Float>(repeating: 0)
            for lane in 0..<count - i { unsafe tail[lane] = (row[i + lane] - maximum) * scale }
            tail = tail.exponential
            for lane in 0..<count - i {
                unsafe row[i + lane] = tail[lane]
                sum += tail[lane]
            }
        }
        let factor = 1 / sum
        for i in 0..<count { unsafe row[i] *= factor }
    }

    /// The other forms, which few models have: values <- `x / (1 + e^-2y)` with `y = sqrt(2 / pi) * (x + 0.044715 * x^3)`, which is the GELU by tanh; the bound is
    /// that of ``gelu(_:_:_:level:)``.
    package static func geluTanh(_ values: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, _ count: Int) {
        unsafe values.addAndMap(bias, count: count) { x in
            let y2 = x * (1.595_769_12 + 0.071_354_816 * (x * x))
            let exponent = (SIMD4<Float>.zero - y2).replacing(with: 88, where: y2 .< -88)
            return x / (exponent.exponential + 1)
        }
    }

    /// values <- `max(x, 0)`.
    package static func relu(_ values: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, _ count: Int) {
        unsafe values.addAndMap(bias, count: count) { $0.replacing(with: 0, where: $0 .< 0) }
    }
}

extension UnsafeMutablePointer<Float> {
    /// x <- body(x + bias), four at a time; the tail is padded with zeros in a register.
    @inline(__always)
    fileprivate func addAndMap(_ bias: UnsafePointer<Float>, count: Int, _ body: (SIMD4<Float>) -> SIMD4<Float>) {
        let x = unsafe self
        var i = 0
        while i &+ 4 <= count {
            let y = unsafe body(SIMD4(loading: x, at: i) + SIMD4(loading: bias, at: i))
            unsafe UnsafeMutableRawPointer(x + i).storeBytes(of: y, as: SIMD4<Float>.self)
            i &+= 4
        }
        guard i < count else { return }
        var tail = SIMD4<Float>.zero
        for lane in 0..<count - i { unsafe tail[lane] = x[i + lane] + bias[i + lane] }
        tail = body(tail)
        for lane in 0..<count - i { unsafe x[i + lane] = tail[lane] }
    }
}
