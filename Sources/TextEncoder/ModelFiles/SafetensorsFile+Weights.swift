// SPDX-License-Identifier: Apache-2.0

import Safetensors
import SimilarityKernels
import System
import TransformerKernels

extension SafetensorsFile {
    /// The tensors of a model's file.
    init(file: String, bytes: SharedBytes) throws(ModelError) {
        do {
            try self.init(bytes)
        } catch {
            throw ModelError(file: file, error.message)
        }
    }

    /// The floats of a tensor that must have this shape.
    func weights(_ name: String, shape: [Int], file: String) throws(ModelError) -> Weights {
        guard let tensor = tensors[name] else {
            throw ModelError(file: file, "tensor \(name) is missing; shape \(shape) was expected")
        }
        guard tensor.shape == shape else {
            throw ModelError(file: file, "tensor \(name) must have shape \(shape), found \(tensor.shape)")
        }
        let type: Weights.ElementType
        switch tensor.elementType {
        case "F32": type = .float32
        case "F16": type = .float16
        case "BF16": type = .bfloat16
        default:
            throw ModelError(file: file, "tensor \(name) must be of type F32, F16 or BF16, found \(tensor.elementType)")
        }
        return Weights(
            bytes,
            byteOffset: tensor.range.lowerBound,
            count: tensor.range.count / type.byteCount,
            type: type
        )
    }
}
