// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension Transformer {
    /// Each row x of hidden <- (x - mean) / sqrt(variance + epsilon) * gain + shift.
    ///
    /// Shapes: `hidden` rows x width, the width that of `gain` and `shift`. The variance is the population's, in two
    /// passes: no cancellation, whatever the mean.
    ///
    /// Accuracy: relative to the largest `|gain * x^| + |shift|` of the row below `(width / 4 + 16) * 2^-23`.
    /// - Complexity: about 5 * rows * width additions and multiplications; in place.
    package static func normalize(
        _ hidden: inout [Float],
        rows: Int,
        gain: Weights,
        shift: Weights,
        epsilon: Float
    ) {
        defer { withExtendedLifetime((gain, shift)) {} }
        let width = gain.count
        precondition(width > 0 && shift.count == width && hidden.count >= rows * width)
        unsafe hidden.withUnsafeMutableBufferPointer { hidden in
            guard let hidden = hidden.baseAddress else { return }
            let (gain, shift) = unsafe (gain.start, shift.start)
            for row in 0..<rows {
                unsafe normalizeRow(
                    hidden + row * width,
                    gain: gain,
                    shift: shift,
                    width: width,
                    epsilon: epsilon
                )
            }
        }
    }

    /// Each row of hidden <- layer norm of (hidden + (added + bias)): the end of a residual block in one pass over
    /// memory.
    ///
    /// Shapes: `hidden` rows x width, of which it takes the rows from `firstRow` on; `added` rows x width.
    package static func addAndNormalize(
        _ hidden: inout [Float],
        firstRow: Int = 0,
        rows: Int,
        added: [Float],
        bias: Weights,
        gain: Weights,
        shift: Weights,
        epsilon: Float
    ) {
        defer { withExtendedLifetime((bias, gain, shift)) {} }
        let width = gain.count
        precondition(width > 0 && shift.count == width && bias.count == width && firstRow >= 0)
        precondition(hidden.count >= (firstRow + rows) * width && added.count >= rows * width)
        unsafe hidden.withUnsafeMutableBufferPointer { hidden in
            unsafe added.withUnsafeBufferPointer { added in
                guard let hidden = hidden.baseAddress, let added = added.baseAddress else { return }
                let (bias, gain, shift) = unsafe (bias.start, gain.start, shift.start)
                for row in 0..<rows {
                    let x = unsafe hidden + (firstRow + row) * width
                    let y = unsafe added + row * width
                    for i in 0..<width { unsafe x[i] += y[i] + bias[i] }
                    unsafe normalizeRow(x, gain: gain, shift: shift, width: width, epsilon: epsilon)
                }
            }
        }
    }

    private static func normalizeRow(
        _ x: UnsafeMutablePointer<Float>,
        gain: UnsafePointer<Float>,
        shift: UnsafePointer<Float>,
        width: Int,
        epsilon: Float
    ) {
        let vectors = width & ~3
        var sum4 = SIMD4<Float>.zero
        var i = 0
        while i < vectors {
            unsafe sum4 += SIMD4(loading: x, at: i)
            i &+= 4
        }
        var sum = sum4.filterSum
        while i < width {
            unsafe sum += x[i]
            i &+= 1
        }
        let mean = sum / Float(width)

        var squares4 = SIMD4<Float>.zero
        i = 0
        while i < vectors {
            let d = unsafe SIMD4(loading: x, at: i) - mean
            squares4 += d * d
            i &+= 4
        }
        var squares = squares4.filterSum
        while i < width {
            let d = unsafe x[i] - mean
            squares += d * d
            i &+= 1
        }
        let scale = 1 / (squares / Float(width) + epsilon).squareRoot()
        for i in 0..<width { unsafe x[i] = (x[i] - mean) * scale * gain[i] + shift[i] }
    }
}
