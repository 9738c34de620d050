// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

extension Transformer {
    /// Working memory of ``attend(_:queriesKeysValues:starts:headCount:width:into:scratch:)``, reused from layer to
    /// layer.
    package struct AttentionScratch: Sendable {
        fileprivate var scores: [Float]
        fileprivate var values: [Float]

        /// Memory for texts of at most `maxLength` tokens: maxLength^2 + headWidth * maxLength floats.
        package init(maxLength: Int, headWidth: Int) {
            scores = Array(repeating: 0, count: maxLength * maxLength)
            values = Array(repeating: 0, count: headWidth * maxLength)
        }
    }

    /// Multi-head self-attention within each text: context <- softmax(Q * K^T / sqrt(d)) * V, head by head.
    ///
    /// Shapes: `queriesKeysValues` T x 3 * width, the three side by side in a row; `starts` one more than there are
    /// texts, from 0 to T; `context` T x width. Head h takes columns h * d ..< (h + 1) * d of each, with d = width /
    /// headCount. No mask: texts are not padded, and BERT attends both ways. Attention is all you need: Vaswani et
    /// al., arXiv:1706.03762.
    /// - Precondition: no text is longer than the scratch was made for.
    /// - Complexity: 2 * width * (sum of squared lengths) multiply-adds.
    package static func attend(
        _ gemm: GEMM.Provider,
        queriesKeysValues: [Float],
        starts: [Int],
        headCount: Int,
        width: Int,
        into context: inout [Float],
        scratch: inout AttentionScratch
    ) {
        let tokenCount = starts.last ?? 0
        precondition(headCount > 0 && width % headCount == 0)
        precondition(queriesKeysValues.count >= tokenCount * 3 * width && context.count >= tokenCount * width)
        let headWidth = width / headCount
        let scale = 1 / Float(headWidth).squareRoot()
        let longest = zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
        precondition(scratch.scores.count >= longest * longest && scratch.values.count >= headWidth * longest)
        unsafe queriesKeysValues.withUnsafeBufferPointer { queriesKeysValues in
            unsafe context.withUnsafeMutableBufferPointer { context in
                unsafe scratch.withPointers { scores, values in
                    guard let input = queriesKeysValues.baseAddress, let context = context.baseAddress else { return }
                    for (start, end) in zip(starts, starts.dropFirst()) {
                        for head in 0..<headCount {
                            unsafe attendHead(
                                gemm,
                                queries: input + (start * 3 * width + head * headWidth),
                                width: width,
                                length: end - start,
                                headWidth: headWidth,
                                scale: scale,
                                context: context + (start * width + head * headWidth),
                                scores: scores,
                                values: values
                            )
                        }
                    }
                }
            }
        }
    }

    /// One head of one text.
    ///
    /// Values are transposed, because the GEMM tile takes its second operand by rows.
    private static func attendHead(
        _ gemm: GEMM.Provider,
        queries: UnsafePointer<Float>,
        width: Int,
        length: Int,
        headWidth: Int,
        scale: Float,
        context: UnsafeMutablePointer<Float>,
        scores: UnsafeMutablePointer<Float>,
        values: UnsafeMutablePointer<Float>
    ) {
        unsafe GEMM.multiplyTransposed(
            gemm,
            a: queries,
            aStride: 3 * width,
            rows: length,
            b: queries + width,
            bStride: 3 * width,
            columns: length,
            depth: headWidth,
            c: scores,
            cStride: length
        )
        let level = KernelLevel.current
        for row in 0..<length {
            unsafe Activations.softmax(scores + row * length, count: length, scale: scale, level: level)
        }
        let source = unsafe queries + 2 * width
        for t in 0..<length {
            for i in 0..<headWidth { unsafe values[i &* length &+ t] = source[t &* 3 &* width &+ i] }
        }
        unsafe GEMM.multiplyTransposed(
            gemm,
            a: scores,
            aStride: length,
            rows: length,
            b: values,
            bStride: length,
            columns: headWidth,
            depth: length,
            c: context,
            cStride: width
        )
    }
}

extension Transformer.AttentionScratch {
    fileprivate mutating func withPointers(
        _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    ) {
        unsafe scores.withUnsafeMutableBufferPointer { scores in
            unsafe values.withUnsafeMutableBufferPointer { values in
                guard let scores = scores.baseAddress, let values = values.baseAddress else { return }
                unsafe body(scores, values)
            }
        }
    }
}
