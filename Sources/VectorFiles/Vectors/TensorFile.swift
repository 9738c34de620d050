// SPDX-License-Identifier: Apache-2.0

internal import Safetensors
internal import SimilarityKernels
internal import System

/// A two-dimensional tensor of a `.safetensors` file as rows: the one that the path names after a `#`, or the only one.
enum TensorFile {
    /// The name of the tensor that is written.
    static let writtenName = "embeddings"

    private static let types: [String: ElementType] = [
        "F32": .float32, "F16": .float16, "F64": .float64, "I8": .int8, "U8": .uint8, "I32": .int32,
    ]

    static func storage(_ bytes: SharedBytes, path: String) throws(VectorFileError) -> RowStorage {
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile(bytes)
        } catch {
            throw .refused(path, place: "header", error.message)
        }
        let (name, tensor) = try chosen(file, path)
        guard let type = types[tensor.elementType] else {
            throw .refused(
                path,
                place: "tensor \(name)",
                "expected a type of \(types.keys.sorted().joined(separator: ", ")), found \(tensor.elementType)"
            )
        }
        guard tensor.shape.count == 2, (1...RowStorage.dimensionLimit).contains(tensor.shape[1]) else {
            throw .refused(
                path,
                place: "tensor \(name)",
                "expected two dimensions, rows and 1 to \(RowStorage.dimensionLimit) components, found shape \(tensor.shape)"
            )
        }
        guard
            let storage = RowStorage(
                bytes: bytes,
                elementType: type,
                rowCount: tensor.shape[0],
                dimension: tensor.shape[1],
                byteOffset: tensor.range.lowerBound,
                rowByteStride: tensor.shape[1] * type.byteCount
            )
        else { throw .refused(path, place: "tensor \(name)", "expected \(tensor.shape) components, found fewer bytes") }
        return storage
    }

    private static func chosen(
        _ file: SafetensorsFile,
        _ path: String
    ) throws(VectorFileError) -> (String, SafetensorsFile.Tensor) {
        let names = file.tensors.keys.sorted()
        let list = names.isEmpty ? "none" : names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", ..." : "")
        if let name = path.tensorName {
            if let tensor = file.tensors[name] { return (name, tensor) }
            throw .refused(path, place: "header", "expected a tensor \(name), found \(list)")
        }
        guard names.count == 1, let tensor = file.tensors[names[0]] else {
            throw .refused(
                path,
                place: "header",
                "expected one tensor, or its name after a # in the path, found \(list)"
            )
        }
        return (names[0], tensor)
    }

    /// The bytes before the components of a float32 tensor.
    ///
    /// - Parameter length: Bytes that they are to have, if they take the place of others.
    static func header(rows: Int, dimension: Int, length: Int? = nil) -> [UInt8] {
        var text =
            #"{"\#(writtenName)":{"dtype":"F32","shape":[\#(rows),\#(dimension)],"data_offsets":[0,\#(4 * rows * dimension)]}}"#
        // Spaces after the object are the format's own way of aligning what follows.
        let count = length.map { $0 - 8 } ?? (8 + text.utf8.count + 63) / 64 * 64 - 8
        text += String(repeating: " ", count: count - text.utf8.count)
        return UInt64(count).littleEndianBytes + Array(text.utf8)
    }
}

extension String {
    /// The path of the file in which vectors lie: without the name of a tensor that `v.safetensors#name` names.
    package var vectorFilePath: String { tensorSplit.map { String(self[..<$0]) } ?? self }

    /// The name of the tensor that the path names.
    package var tensorName: String? { tensorSplit.map { String(self[index(after: $0)...]) } }

    /// Where the `#` is.
    private var tensorSplit: Index? {
        let ending = Array(".safetensors#".utf8)
        let bytes = Array(utf8)
        guard bytes.count >= ending.count else { return nil }
        for start in 0...bytes.count - ending.count {
            let isHere = ending.indices.allSatisfy { i in
                let byte = bytes[start + i]
                return (65...90 ~= byte ? byte | 32 : byte) == ending[i]
            }
            if isHere { return utf8.index(startIndex, offsetBy: start + ending.count - 1) }
        }
        return nil
    }
}
