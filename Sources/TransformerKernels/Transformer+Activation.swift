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
            let level = KernelLevel.current
            for row in 0..<rows {
                let x = unsafe values + row * width
                switch activation {
                case .gelu: unsafe Activations.gelu(x, bias, width, level: level)
                case .geluTanh: unsafe Activations.geluTanh(x, bias, width)
                case .relu: unsafe Activations.relu(x, bias, width)
                }
            }
        }
    }
}
