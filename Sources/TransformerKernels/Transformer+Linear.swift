// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

extension Transformer {
    /// Columns `column ..< column + n` of output <- input * weights^T.
    ///
    /// Shapes: `input` `rows` x depth beginning at row `firstRow`; `weights` n x depth as PyTorch stores a linear
    /// layer (out, in); `output` `rows` x `outputWidth` from its first row on. Other columns are left as they are.
    ///
    /// Rounding is that of ``GEMM``.
    /// - Complexity: rows * n * depth multiply-adds.
    package static func multiply(
        _ gemm: GEMM.Provider,
        input: [Float],
        firstRow: Int = 0,
        rows: Int,
        depth: Int,
        weights: Weights,
        into output: inout [Float],
        outputWidth: Int,
        column: Int = 0
    ) {
        defer { withExtendedLifetime(weights) {} }
        precondition(depth > 0 && weights.count % depth == 0)
        let columns = weights.count / depth
        precondition(firstRow >= 0 && column >= 0 && column + columns <= outputWidth)
        precondition(input.count >= (firstRow + rows) * depth && output.count >= rows * outputWidth)
        unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                guard let a = input.baseAddress, let c = output.baseAddress else { return }
                unsafe GEMM.multiplyTransposed(
                    gemm,
                    a: a + firstRow * depth,
                    aStride: depth,
                    rows: rows,
                    b: weights.start,
                    bStride: depth,
                    columns: columns,
                    depth: depth,
                    c: c + column,
                    cStride: outputWidth
                )
            }
        }
    }

    /// Adds `bias` to columns `column ..< column + bias.count` of each row.
    ///
    /// - Complexity: rows * bias.count additions.
    package static func addBias(_ bias: Weights, to values: inout [Float], rows: Int, width: Int, column: Int = 0) {
        defer { withExtendedLifetime(bias) {} }
        precondition(column >= 0 && column + bias.count <= width && values.count >= rows * width)
        unsafe values.withUnsafeMutableBufferPointer { values in
            guard let values = values.baseAddress else { return }
            // Asked for once: what it stands behind is not looked at again for each component.
            let (bias, count) = unsafe (bias.start, bias.count)
            for row in 0..<rows {
                let start = unsafe values + (row * width + column)
                for i in 0..<count { unsafe start[i] += bias[i] }
            }
        }
    }
}
