// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension Transformer {
    /// The function between the two layers of a feed-forward block.
    package enum Activation: Sendable {
        /// `x * (1 + erf(x / sqrt 2)) / 2`, the exact GELU.
        case gelu
        /// `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2`.
        case geluTanh
        /// `max(x, 0)`.
        case relu
    }

    /// values <- activation(values + bias), for each of `rows` rows of bias.count values.
    ///
    /// Accuracy: absolute error below `5e-7 * max(1, |x|)` for both forms of GELU, none beyond the addition for ReLU.
    /// NaN gives NaN. Gaussian error linear units: Hendrycks and Gimpel, arXiv:1606.08415.
    /// - Complexity: rows * bias.count evaluations; in place.
    package static func activate(_ values: inout [Float], rows: Int, bias: Weights, by activation: Activation) {
        defer { withExtendedLifetime(bias) {} }
        let width = bias.count
        precondition(values.count >= rows * width)
        unsafe values.withUnsafeMutableBufferPointer { values in
            guard let values = values.baseAddress else { return }
            let bias = unsafe bias.start
            for row in 0..<rows {
                let x = unsafe values + row * width
                switch activation {
                case .gelu: unsafe map(x, bias, count: width) { gelu($0) }
                case .geluTanh: unsafe map(x, bias, count: width) { geluTanh($0) }
                case .relu: unsafe map(x, bias, count: width) { $0.replacing(with: 0, where: $0 .< 0) }
                }
            }
        }
    }

    /// x <- body(x + bias), four at a time; the tail is padded with zeros in a register.
    @inline(__always)
    private static func map(
        _ x: UnsafeMutablePointer<Float>,
        _ bias: UnsafePointer<Float>,
        count: Int,
        _ body: (SIMD4<Float>) -> SIMD4<Float>
    ) {
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

    @inline(__always)
    private static func gelu(_ x: SIMD4<Float>) -> SIMD4<Float> {
        let half = x * 0.5
        return half + half * (x * 0.707_106_78).errorFunction
    }

    /// (1 + tanh y) / 2 is 1 / (1 + e^-2y).
    @inline(__always)
    private static func geluTanh(_ x: SIMD4<Float>) -> SIMD4<Float> {
        let y2 = x * (1.595_769_12 + 0.071_354_816 * (x * x))
        let exponent = (SIMD4<Float>.zero - y2).replacing(with: 88, where: y2 .< -88)
        return x / (exponent.exponential + 1)
    }
}
