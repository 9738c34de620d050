// SPDX-License-Identifier: Apache-2.0

import SimilarityKernels
import TransformerKernels

/// A BERT encoder: token ids in, one pooled vector a text out.
struct BERTModel: Sendable {
    let shape: BERTConfiguration
    let weights: BERTWeights
    let gemm: GEMM.Provider

    /// Rows of the feed-forward block that are in the works at a time: its intermediate rows are four times as wide as
    /// the others, and this many of them still fit into a second-level cache or close to it. A pass of our own tile takes as many.
    private static let feedForwardRows = 240

    /// The vectors of a batch of texts, one row a text.
    ///
    /// The tokens of the batch are one matrix without padding, so each linear layer is one matrix multiply; attention
    /// runs text by text. On the calling thread alone.
    ///
    /// - Parameters:
    ///   - ids: the tokens of all texts, one after the other; T of them.
    ///   - starts: where each text begins in `ids`, and T at the end; no text is empty or longer than the model has positions.
    /// - Complexity: for l layers of width h and inner width i, and texts of lengths L,
    ///   `l * (T * (4 h^2 + 2 h i) + 2 h * sum of L^2)` multiply-adds;
    ///   `4 * (6 T h + min(T, 240) i + L^2 + L h / heads)` bytes, L the longest.
    func vectors(ids: [Int32], starts: [Int], pooling: Transformer.Pooling) -> [Float] {
        let width = shape.hiddenSize
        var hidden = [Float](repeating: 0, count: ids.count * width)
        var scratch = Scratch(
            tokenCount: ids.count,
            starts: starts,
            shape: shape,
            feedForwardRows: Self.feedForwardRows
        )
        Transformer.embed(
            ids: ids,
            starts: starts,
            words: weights.words,
            positions: weights.positions,
            types: weights.types,
            width: width,
            into: &hidden
        )
        let norm = weights.embeddingNorm
        Transformer.normalize(
            &hidden,
            rows: ids.count,
            gain: norm.gain,
            shift: norm.shift,
            epsilon: shape.layerNormEpsilon
        )
        for layer in weights.layers {
            attend(&hidden, starts: starts, layer: layer, scratch: &scratch)
            feedForward(&hidden, rows: ids.count, layer: layer, scratch: &scratch)
        }
        var vectors = [Float](repeating: 0, count: (starts.count - 1) * width)
        Transformer.pool(hidden, starts: starts, width: width, by: pooling, into: &vectors)
        return vectors
    }

    /// hidden <- norm(hidden + attention(hidden)).
    private func attend(
        _ hidden: inout [Float],
        starts: [Int],
        layer: BERTWeights.Layer,
        scratch: inout Scratch
    ) {
        let (width, rows) = (shape.hiddenSize, starts.last ?? 0)
        let parts = [layer.query, layer.key, layer.value]
        multiply(hidden, rows: rows, by: parts, into: &scratch.projections, &scratch.bytes)
        for (part, linear) in parts.enumerated() {
            Transformer.addBias(
                linear.bias,
                to: &scratch.projections,
                rows: rows,
                width: 3 * width,
                column: part * width
            )
        }
        Transformer.attend(
            gemm,
            queriesKeysValues: scratch.projections,
            starts: starts,
            headCount: shape.headCount,
            width: width,
            into: &scratch.context,
            scratch: &scratch.attention
        )
        multiply(scratch.context, rows: rows, by: [layer.attentionOutput], into: &scratch.output, &scratch.bytes)
        Transformer.addAndNormalize(
            &hidden,
            rows: rows,
            added: scratch.output,
            bias: layer.attentionOutput.bias,
            gain: layer.attentionNorm.gain,
            shift: layer.attentionNorm.shift,
            epsilon: shape.layerNormEpsilon
        )
    }

    /// hidden <- norm(hidden + output(activation(intermediate(hidden)))), some rows at a time.
    private func feedForward(
        _ hidden: inout [Float],
        rows: Int,
        layer: BERTWeights.Layer,
        scratch: inout Scratch
    ) {
        for firstRow in stride(from: 0, to: rows, by: Self.feedForwardRows) {
            let count = min(Self.feedForwardRows, rows - firstRow)
            multiply(
                hidden,
                firstRow: firstRow,
                rows: count,
                by: [layer.intermediate],
                into: &scratch.intermediate,
                &scratch.bytes
            )
            Transformer.activate(
                &scratch.intermediate,
                rows: count,
                bias: layer.intermediate.bias,
                by: shape.activation
            )
            multiply(scratch.intermediate, rows: count, by: [layer.output], into: &scratch.output, &scratch.bytes)
            Transformer.addAndNormalize(
                &hidden,
                firstRow: firstRow,
                rows: count,
                added: scratch.output,
                bias: layer.output.bias,
                gain: layer.outputNorm.gain,
                shift: layer.outputNorm.shift,
                epsilon: shape.layerNormEpsilon
            )
        }
    }

    /// output <- input * weights^T for layers that share their input, their outputs side by side, without their biases.
    private func multiply(
        _ input: [Float],
        firstRow: Int = 0,
        rows: Int,
        by layers: [BERTWeights.Linear],
        into output: inout [Float],
        _ scratch: inout ByteRows
    ) {
        let width = layers.reduce(0) { $0 + $1.bias.count }
        var bytes: [ByteWeights] = []
        var column = 0
        for layer in layers {
            switch layer.weights {
            case .floats(let weights):
                Transformer.multiply(
                    gemm,
                    input: input,
                    firstRow: firstRow,
                    rows: rows,
                    depth: weights.count / layer.bias.count,
                    weights: weights,
                    into: &output,
                    outputWidth: width,
                    column: column
                )
            case .bytes(let weights): bytes.append(weights)
            }
            column += layer.bias.count
        }
        Transformer.multiply(
            input: input,
            firstRow: firstRow,
            rows: rows,
            weights: bytes,
            into: &output,
            outputWidth: width,
            scratch: &scratch
        )
    }
}

/// Working memory of one batch, reused from layer to layer.
private struct Scratch {
    var projections: [Float]
    var context: [Float]
    var output: [Float]
    var intermediate: [Float]
    var attention: Transformer.AttentionScratch
    var bytes = ByteRows()

    init(tokenCount: Int, starts: [Int], shape: BERTConfiguration, feedForwardRows: Int) {
        let width = shape.hiddenSize
        projections = Array(repeating: 0, count: tokenCount * 3 * width)
        context = Array(repeating: 0, count: tokenCount * width)
        output = Array(repeating: 0, count: tokenCount * width)
        intermediate = Array(repeating: 0, count: min(tokenCount, feedForwardRows) * shape.intermediateSize)
        let longest = zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
        attention = .init(maxLength: longest, headWidth: width / shape.headCount)
    }
}
