// SPDX-License-Identifier: Apache-2.0

import Foundation
import SimilarityKernels
import TextEncoder
import TransformerKernels

/// A folder that goes away with its last reference.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("simile-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Loads the model in the folder, which stays until that is done; the loaded model needs it no more.
    func encoder(provider: GEMM.Provider = GEMM.preferred) throws(ModelError) -> SentenceEncoder {
        defer { withExtendedLifetime(self) {} }
        return try SentenceEncoder(folder: path, gemm: provider)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(json: Any, to name: String) throws {
        try write([UInt8](JSONSerialization.data(withJSONObject: json)), to: name)
    }
}

/// A BERT with a handful of random weights, made in the test and written as a model folder.
///
/// Sizes are no multiples of four, so that every kernel runs its tail.
struct SmallModel {
    struct Tensor {
        var name: String
        var shape: [Int]
        var values: [Float]
    }

    var hidden = 15
    var heads = 3
    var inner = 22
    var layers = 2
    var positions = 12
    var pieces = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##a", "##b", "ab", ".", "B", "e", "É", "é",
    ]
    var configuration: [String: Any] = [:]
    var tensors: [Tensor] = []
    /// The content of `1_Pooling/config.json`, or nil for no such file.
    var pooling: [String: Any]?
    /// The types of the modules in `modules.json`, or nil for no such file.
    var modules: [String]?
    var tokenizerConfiguration: [String: Any] = ["do_lower_case": true]
    var sentenceConfiguration: [String: Any]?
    var prefix = ""
    /// The content of `config_sentence_transformers.json`, or nil for no such file.
    var transformersConfiguration: [String: Any]?
    /// A module Dense from the width to this many components.
    var dense: (size: Int, activation: String, values: [Float])?
    var elementType = "F32"

    init(seed: UInt64 = 1) {
        var numbers = RepeatableNumbers(seed: seed)
        func add(_ name: String, _ shape: [Int], around center: Float = 0, bound: Float = 0.5) {
            let values = numbers.floats(shape.reduce(1, *), bound: bound).map { $0 + center }
            tensors.append(Tensor(name: name, shape: shape, values: values))
        }
        func addLinear(_ name: String, _ rows: Int, _ columns: Int) {
            add("\(name).weight", [rows, columns])
            add("\(name).bias", [rows])
        }
        func addNorm(_ name: String) {
            add("\(name).weight", [hidden], around: 1)
            add("\(name).bias", [hidden])
        }
        add("embeddings.word_embeddings.weight", [pieces.count, hidden])
        add("embeddings.position_embeddings.weight", [positions, hidden])
        add("embeddings.token_type_embeddings.weight", [2, hidden])
        addNorm("embeddings.LayerNorm")
        for index in 0..<layers {
            let layer = "encoder.layer.\(index)"
            for part in ["query", "key", "value"] { addLinear("\(layer).attention.self.\(part)", hidden, hidden) }
            addLinear("\(layer).attention.output.dense", hidden, hidden)
            addNorm("\(layer).attention.output.LayerNorm")
            addLinear("\(layer).intermediate.dense", inner, hidden)
            addLinear("\(layer).output.dense", hidden, inner)
            addNorm("\(layer).output.LayerNorm")
        }
        configuration = [
            "model_type": "bert", "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
            "intermediate_size": inner, "vocab_size": pieces.count, "max_position_embeddings": positions,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "position_embedding_type": "absolute",
        ]
    }

    /// The bytes of the tensors as a safetensors file.
    func safetensors() throws -> [UInt8] {
        var header: [String: Any] = ["__metadata__": ["format": "pt"]]
        var data: [UInt8] = []
        for tensor in tensors {
            let start = data.count
            for value in tensor.values { data += Self.bytes(of: value, as: elementType) }
            header[prefix + tensor.name] = [
                "dtype": elementType, "shape": tensor.shape, "data_offsets": [start, data.count],
            ]
        }
        return try Self.safetensors(header: header, data: data)
    }

    static func safetensors(header: Any, data: [UInt8]) throws -> [UInt8] {
        safetensors(headerBytes: [UInt8](try JSONSerialization.data(withJSONObject: header)), data: data)
    }

    static func safetensors(headerBytes: [UInt8], data: [UInt8]) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: headerBytes.count >> (8 * $0)) } + headerBytes + data
    }

    private static func bytes(of value: Float, as type: String) -> [UInt8] {
        let bits = value.bitPattern
        switch type {
        case "BF16": return [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 24)]
        default: return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
    }

    /// Writes the model with a `vocab.txt`.
    func write() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(json: configuration, to: "config.json")
        try folder.write(Array((pieces.joined(separator: "\n") + "\n").utf8), to: "vocab.txt")
        try folder.write(json: tokenizerConfiguration, to: "tokenizer_config.json")
        try folder.write(safetensors(), to: "model.safetensors")
        if let pooling { try folder.write(json: pooling, to: "1_Pooling/config.json") }
        if let sentenceConfiguration { try folder.write(json: sentenceConfiguration, to: "sentence_bert_config.json") }
        if let transformersConfiguration {
            try folder.write(json: transformersConfiguration, to: "config_sentence_transformers.json")
        }
        if let dense {
            let configuration: [String: Any] = [
                "in_features": hidden, "out_features": dense.size, "bias": true,
                "activation_function": "torch.nn.modules.activation.\(dense.activation)",
            ]
            try folder.write(json: configuration, to: "2_Dense/config.json")
            let count = dense.size * hidden
            let bytes = dense.values.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            }
            let header: [String: Any] = [
                "linear.weight": ["dtype": "F32", "shape": [dense.size, hidden], "data_offsets": [0, 4 * count]],
                "linear.bias": [
                    "dtype": "F32", "shape": [dense.size], "data_offsets": [4 * count, 4 * (count + dense.size)],
                ],
            ]
            try folder.write(Self.safetensors(header: header, data: bytes), to: "2_Dense/model.safetensors")
        }
        if let modules {
            let entries = modules.enumerated().map { index, type in
                [
                    "idx": index, "type": type,
                    "path": type.hasSuffix("Transformer")
                        ? "" : "\(index)_\(type.hasSuffix("Dense") ? "Dense" : "Pooling")",
                ]
                    as [String: Any]
            }
            try folder.write(json: entries, to: "modules.json")
        }
        return folder
    }
}
