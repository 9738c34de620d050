// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import TransformerKernels

/// The shape of a BERT encoder, from `config.json`.
///
/// Sizes are bounded on reading, far above any real model, so that no later product of two or three of them can
/// overflow.
struct BERTConfiguration: Sendable, Equatable {
    var hiddenSize: Int
    var layerCount: Int
    var headCount: Int
    var intermediateSize: Int
    var vocabularySize: Int
    var maxPositionCount: Int
    var typeCount: Int
    var layerNormEpsilon: Float
    var activation: Transformer.Activation

    /// The name of the file that it is read from.
    static let fileName = "config.json"

    /// Reads and checks the configuration; what this encoder cannot compute is refused by its name.
    init(_ document: JSONDocument) throws(ModelError) {
        let kind = try document.text("model_type", or: "bert")
        guard kind == "bert" else {
            throw document.error("model_type \"\(kind)\" is not supported; this encoder runs \"bert\"")
        }
        hiddenSize = try document.integer("hidden_size", in: 1...65_536)
        layerCount = try document.integer("num_hidden_layers", in: 1...1_024)
        headCount = try document.integer("num_attention_heads", in: 1...65_536)
        intermediateSize = try document.integer("intermediate_size", in: 1...1_048_576)
        vocabularySize = try document.integer("vocab_size", in: 1...16_777_216)
        maxPositionCount = try document.integer("max_position_embeddings", in: 2...65_536, or: 512)
        typeCount = try document.integer("type_vocab_size", in: 1...65_536, or: 2)
        guard hiddenSize % headCount == 0 else {
            throw document.error(
                "hidden_size must be a multiple of num_attention_heads, found \(hiddenSize) and \(headCount)"
            )
        }
        guard let epsilon = (document.value["layer_norm_eps"] ?? .number(1e-12)).double, epsilon >= 0, epsilon < 1
        else {
            throw document.error("layer_norm_eps must be a number from 0 to 1")
        }
        layerNormEpsilon = Float(epsilon)
        let positions = try document.text("position_embedding_type", or: "absolute")
        guard positions == "absolute" else {
            throw document.error("position_embedding_type \"\(positions)\" is not supported, only \"absolute\"")
        }
        let name = try document.text("hidden_act", or: "gelu")
        switch name {
        case "gelu": activation = .gelu
        case "gelu_new", "gelu_pytorch_tanh": activation = .geluTanh
        case "relu": activation = .relu
        default:
            throw document.error(
                "hidden_act \"\(name)\" is not supported, only gelu, gelu_new, gelu_pytorch_tanh and relu"
            )
        }
    }
}
