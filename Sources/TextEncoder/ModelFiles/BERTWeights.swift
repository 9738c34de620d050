// SPDX-License-Identifier: Apache-2.0

import Safetensors
import TransformerKernels

/// The weights of a BERT encoder, each with the shape its configuration asks for.
struct BERTWeights: Sendable {
    /// Factor and summand of a layer norm.
    struct Norm: Sendable {
        var gain: Weights
        var shift: Weights
    }

    /// A linear layer: `out x in` weights and a bias.
    struct Linear: Sendable {
        var weights: Factors
        var bias: Weights
    }

    /// The weights of a linear layer, at the precision that the encoder computes in.
    enum Factors: Sendable {
        case floats(Weights)
        case bytes(ByteWeights)
    }

    struct Layer: Sendable {
        var query: Linear
        var key: Linear
        var value: Linear
        var attentionOutput: Linear
        var attentionNorm: Norm
        var intermediate: Linear
        var output: Linear
        var outputNorm: Norm
    }

    var words: Weights
    var positions: Weights
    var types: Weights
    var embeddingNorm: Norm
    var layers: [Layer] = []

    /// Finds every weight by its name in the file, with or without the prefix `bert.`; other tensors are ignored.
    init(
        _ file: SafetensorsFile,
        named path: String,
        _ shape: BERTConfiguration,
        _ precision: EncoderPrecision
    ) throws(ModelError) {
        let prefix = file.tensors["bert.embeddings.word_embeddings.weight"] == nil ? "" : "bert."
        let (hidden, inner) = (shape.hiddenSize, shape.intermediateSize)

        func norm(_ name: String) throws(ModelError) -> Norm {
            // The first TensorFlow exports call the two gamma and beta.
            let isOld = file.tensors["\(prefix)\(name).gamma"] != nil
            return Norm(
                gain: try file.weights("\(prefix)\(name).\(isOld ? "gamma" : "weight")", shape: [hidden], file: path),
                shift: try file.weights("\(prefix)\(name).\(isOld ? "beta" : "bias")", shape: [hidden], file: path)
            )
        }
        func linear(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) -> Linear {
            guard precision == .float32 || columns <= ByteWeights.maxDepth else {
                throw ModelError(
                    file: path,
                    "\(name) has \(columns) inputs; layers of at most \(ByteWeights.maxDepth) are computed in \(precision.rawValue)"
                )
            }
            let weights = try file.weights("\(prefix)\(name).weight", shape: [rows, columns], file: path)
            return Linear(
                weights: precision == .int8 ? .bytes(ByteWeights(weights, depth: columns)) : .floats(weights),
                bias: try file.weights("\(prefix)\(name).bias", shape: [rows], file: path)
            )
        }
        func table(_ name: String, _ rows: Int) throws(ModelError) -> Weights {
            try file.weights("\(prefix)embeddings.\(name).weight", shape: [rows, hidden], file: path)
        }

        words = try table("word_embeddings", shape.vocabularySize)
        positions = try table("position_embeddings", shape.maxPositionCount)
        types = try table("token_type_embeddings", shape.typeCount)
        embeddingNorm = try norm("embeddings.LayerNorm")
        for index in 0..<shape.layerCount {
            let name = "encoder.layer.\(index)"
            layers.append(
                Layer(
                    query: try linear("\(name).attention.self.query", hidden, hidden),
                    key: try linear("\(name).attention.self.key", hidden, hidden),
                    value: try linear("\(name).attention.self.value", hidden, hidden),
                    attentionOutput: try linear("\(name).attention.output.dense", hidden, hidden),
                    attentionNorm: try norm("\(name).attention.output.LayerNorm"),
                    intermediate: try linear("\(name).intermediate.dense", inner, hidden),
                    output: try linear("\(name).output.dense", hidden, inner),
                    outputNorm: try norm("\(name).output.LayerNorm")
                )
            )
        }
    }
}
