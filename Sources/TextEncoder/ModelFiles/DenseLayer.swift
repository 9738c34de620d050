// SPDX-License-Identifier: Apache-2.0

import Safetensors
import SimilarityKernels
import StrictJSON
import TransformerKernels

/// A module Dense of sentence-transformers: a linear layer on the pooled vector, and a function.
struct DenseLayer: Sendable {
    let inputSize: Int
    let outputSize: Int
    private let weights: Weights
    private let bias: Weights?
    private let activation: Transformer.DenseActivation

    init(_ folder: ModelFolder, _ path: String, inputSize: Int) throws(ModelError) {
        let document = try folder.document("\(path)/config.json")
        self.inputSize = try document.integer("in_features", in: 1...65_536)
        outputSize = try document.integer("out_features", in: 1...65_536)
        guard self.inputSize == inputSize else {
            throw document.error("in_features is \(self.inputSize), but the vectors have \(inputSize) components")
        }
        for key in ["module_input_name", "module_output_name"] {
            let name = try document.text(key, or: "sentence_embedding")
            guard name == "sentence_embedding" else { throw document.error("\(key) \"\(name)\" is not supported") }
        }
        guard try document.flag("use_residual") != true else { throw document.error("use_residual is not supported") }
        let name = try document.text("activation_function", or: "torch.nn.modules.activation.Tanh")
        switch name.split(separator: ".").last {
        case "Tanh": activation = .tanh
        case "Identity": activation = .none
        case "ReLU": activation = .relu
        default: throw document.error("activation_function \"\(name)\" is not supported, only Tanh, Identity and ReLU")
        }
        let file = folder.path(of: "\(path)/model.safetensors")
        guard let bytes = try folder.bytesIfPresent("\(path)/model.safetensors") else {
            throw ModelError(file: file, "is missing; the weights of a Dense module are read from there")
        }
        let tensors = try SafetensorsFile(file: file, bytes: bytes)
        weights = try tensors.weights("linear.weight", shape: [outputSize, inputSize], file: file)
        bias =
            try document.flag("bias") ?? true
            ? try tensors.weights("linear.bias", shape: [outputSize], file: file) : nil
    }

    /// The layer's vectors of `rows` vectors.
    func apply(_ vectors: [Float], rows: Int, _ gemm: GEMM.Provider) -> [Float] {
        var output = [Float](repeating: 0, count: rows * outputSize)
        Transformer.multiply(
            gemm,
            input: vectors,
            rows: rows,
            depth: inputSize,
            weights: weights,
            into: &output,
            outputWidth: outputSize
        )
        Transformer.finishDense(&output, rows: rows, width: outputSize, bias: bias, by: activation)
        return output
    }
}
