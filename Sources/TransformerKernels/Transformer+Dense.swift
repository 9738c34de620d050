// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension Transformer {
    /// The function after a dense layer on a vector.
    package enum DenseActivation: Sendable {
        case none, tanh, relu
    }

    /// values <- activation(values + bias), for each of `rows` rows of `width`.
    ///
    /// - Parameter bias: nil for none.
    /// - Complexity: rows * width evaluations; in place. Accuracy: that of the C library.
    package static func finishDense(
        _ values: inout [Float],
        rows: Int,
        width: Int,
        bias: Weights?,
        by activation: DenseActivation
    ) {
        precondition(values.count >= rows * width && bias.map { $0.count == width } ?? true)
        if let bias { addBias(bias, to: &values, rows: rows, width: width) }
        switch activation {
        case .none: break
        case .tanh: for i in 0..<rows * width { values[i] = tanhf(values[i]) }
        case .relu: for i in 0..<rows * width { values[i] = max(values[i], 0) }
        }
    }
}
