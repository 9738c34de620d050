// SPDX-License-Identifier: Apache-2.0

extension Transformer {
    /// How the rows of a text's tokens become its one vector.
    package enum Pooling: Sendable {
        /// The mean over all tokens, the special ones included.
        case mean
        /// The row of the first token, `[CLS]` for BERT.
        case firstToken
        /// The largest value of each component.
        case maximum
    }

    /// vectors <- one row a text, pooled from the rows of its tokens.
    ///
    /// Shapes: `hidden` T x width; `starts` one more than there are texts, from 0 to T; `vectors` texts x width. The
    /// mean is summed in order of the tokens, in Float.
    /// - Precondition: no text is without tokens.
    /// - Complexity: T * width additions or comparisons.
    package static func pool(
        _ hidden: [Float],
        starts: [Int],
        width: Int,
        by pooling: Pooling,
        into vectors: inout [Float]
    ) {
        precondition(hidden.count >= (starts.last ?? 0) * width && vectors.count >= (starts.count - 1) * width)
        unsafe hidden.withUnsafeBufferPointer { hidden in
            unsafe vectors.withUnsafeMutableBufferPointer { vectors in
                guard let hidden = hidden.baseAddress, let vectors = vectors.baseAddress else { return }
                for text in 0..<starts.count - 1 {
                    let vector = unsafe vectors + text * width
                    let (first, end) = (starts[text], starts[text + 1])
                    precondition(first < end, "text \(text) has no tokens")
                    unsafe vector.update(from: hidden + first * width, count: width)
                    if pooling == .firstToken { continue }
                    for t in first + 1..<end {
                        let row = unsafe hidden + t * width
                        if pooling == .mean {
                            for i in 0..<width { unsafe vector[i] += row[i] }
                        } else {
                            for i in 0..<width { unsafe vector[i] = max(vector[i], row[i]) }
                        }
                    }
                    if pooling == .mean {
                        let factor = 1 / Float(end - first)
                        for i in 0..<width { unsafe vector[i] *= factor }
                    }
                }
            }
        }
    }

    /// Each row of vectors <- row / max(|row|, 1e-12), the norm summed in Double.
    ///
    /// A zero row stays zero. Accuracy: two roundings to Float a component.
    /// - Complexity: 2 * rows * width multiplications.
    package static func scaleToUnitLength(_ vectors: inout [Float], rows: Int, width: Int) {
        precondition(vectors.count >= rows * width)
        unsafe vectors.withUnsafeMutableBufferPointer { vectors in
            for row in 0..<rows {
                var squares = 0.0
                for i in row * width..<(row + 1) * width {
                    let x = unsafe Double(vectors[i])
                    squares += x * x
                }
                let factor = 1 / max(squares.squareRoot(), 1e-12)
                for i in row * width..<(row + 1) * width { unsafe vectors[i] = Float(Double(vectors[i]) * factor) }
            }
        }
    }
}
