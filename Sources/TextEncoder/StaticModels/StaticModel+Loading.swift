// SPDX-License-Identifier: Apache-2.0

import Safetensors
import SimilarityKernels
import StrictJSON
import System
import TransformerKernels

/// Where the files of a static model are, and what they say.
struct StaticModelFolder: Sendable {
    let folder: ModelFolder
    private let configuration: JSONDocument?
    /// Whether the folder is one of sentence-transformers, and not of model2vec.
    private let isStaticEmbedding: Bool
    let scalesToUnitLength: Bool

    /// Looks whether a folder is of a static model; nil if it is of another kind.
    ///
    /// - Throws: ``ModelError`` for a static model with a module that is not supported.
    init?(_ folder: ModelFolder) throws(ModelError) {
        let configuration = try folder.documentIfPresent(BERTConfiguration.fileName)
        let isModel2Vec = configuration?.value["model_type"]?.text == "model2vec"
        var first: String?
        var normalizes = false
        if let modules = try folder.documentIfPresent("modules.json") {
            for (index, element) in (modules.value.elements ?? []).enumerated() {
                let name = element["type"]?.text?.split(separator: ".").last.map(String.init) ?? ""
                if index == 0 {
                    guard name == "StaticEmbedding" || isModel2Vec else { return nil }
                    first = element["path"]?.text ?? ""
                } else if name == "Normalize" {
                    normalizes = true
                } else {
                    throw modules.error(
                        "module \(index) is \"\(name)\"; after StaticEmbedding, only Normalize is supported"
                    )
                }
            }
        }
        guard isModel2Vec || first != nil else { return nil }
        isStaticEmbedding = !isModel2Vec
        if let first, !first.isEmpty, first != "." {
            self.folder = ModelFolder(path: folder.path(of: first))
        } else {
            self.folder = folder
        }
        self.configuration = configuration
        scalesToUnitLength = isModel2Vec ? try configuration?.flag("normalize") ?? false : normalizes
    }

    /// Reads the tables and checks them against the vocabulary.
    func model(_ tokenizer: Tokenizer) throws(ModelError) -> StaticModel {
        let path = folder.path(of: "model.safetensors")
        guard let bytes = try folder.bytesIfPresent("model.safetensors") else {
            throw ModelError(file: path, "is missing; a model folder must have it")
        }
        let file = try SafetensorsFile(file: path, bytes: bytes)
        let name = file.tensors["embeddings"] == nil ? "embedding.weight" : "embeddings"
        guard let tensor = file.tensors[name], tensor.shape.count == 2, tensor.shape[1] > 0 else {
            throw ModelError(
                file: path,
                "expected a tensor \"embeddings\" of tokens x dimensions, found \(file.tensors[name].map { "shape \($0.shape)" } ?? "none")"
            )
        }
        let (rowCount, width) = (tensor.shape[0], tensor.shape[1])
        guard width <= 65_536, rowCount <= 1 << 30 else {
            throw ModelError(file: path, "tensor \(name) is too large: shape \(tensor.shape)")
        }
        let rows = try file.numbers("mapping", types: ["I64", "I32", "U32"], file: path)?.map {
            Int32(exactly: $0) ?? -1
        }
        let factors = try file.numbers("weights", types: ["F64", "F32", "F16", "BF16"], file: path)?.map { Float($0) }
        if let row = rows?.first(where: { $0 < 0 || Int($0) >= rowCount }) {
            throw ModelError(file: path, "tensor mapping gives a token row \(row), but there are \(rowCount)")
        }
        if let factor = factors?.first(where: { !$0.isFinite }) {
            throw ModelError(file: path, "tensor weights has a factor \(factor)")
        }
        let tokenCount = rows?.count ?? rowCount
        guard factors.map({ $0.count == tokenCount }) ?? true else {
            throw ModelError(file: path, "tensor weights has \(factors?.count ?? 0) factors for \(tokenCount) tokens")
        }
        guard tokenizer.idBound <= tokenCount else {
            throw ModelError(
                file: path,
                "has vectors of \(tokenCount) tokens, but the tokenizer has ids up to \(tokenizer.idBound - 1)"
            )
        }
        let table: TokenTable
        if tensor.elementType == "I8" {
            table = TokenTable(
                bytes,
                byteOffset: tensor.range.lowerBound,
                component: .int8,
                rowCount: rowCount,
                width: width,
                rows: rows,
                factors: factors
            )
        } else {
            let weights = try file.weights(name, shape: tensor.shape, file: path)
            table = weights.table(rowCount: rowCount, width: width, rows: rows, factors: factors)
        }
        if isStaticEmbedding {
            return StaticModel(table: table, maxTokenCount: nil, maxScalarCount: nil, ignoredToken: nil)
        }
        let limit = try maxTokenCount()
        return StaticModel(
            table: table,
            maxTokenCount: limit,
            maxScalarCount: limit.map { $0 * tokenizer.medianPieceLength },
            ignoredToken: tokenizer.model.unknownID
        )
    }

    /// The tokens that model2vec reads of a text: 512 where the configuration says nothing, all where it says null.
    private func maxTokenCount() throws(ModelError) -> Int? {
        guard let configuration, let value = configuration.value["max_length"] else { return 512 }
        if value.isNull { return nil }
        return try configuration.integer("max_length", in: 1...1 << 31)
    }
}

extension SafetensorsFile {
    /// The numbers of a tensor of one dimension; nil if there is none of the name.
    fileprivate func numbers(_ name: String, types: [String], file: String) throws(ModelError) -> [Double]? {
        guard let tensor = tensors[name] else { return nil }
        guard tensor.shape.count == 1, types.contains(tensor.elementType) else {
            throw ModelError(
                file: file,
                "tensor \(name) must have one dimension and type \(types.joined(separator: ", ")), found \(tensor.elementType) of shape "
                    + "\(tensor.shape)"
            )
        }
        let start = tensor.range.lowerBound
        return (0..<tensor.shape[0]).map { i in
            switch tensor.elementType {
            case "I64": Double(Int64(bitPattern: bytes.integer(at: start + 8 * i)))
            case "I32": Double(Int32(bitPattern: bytes.integer(at: start + 4 * i)))
            case "U32": Double(bytes.integer(UInt32.self, at: start + 4 * i))
            case "F64": Double(bitPattern: bytes.integer(at: start + 8 * i))
            case "F32": Double(Float(bitPattern: bytes.integer(at: start + 4 * i)))
            case "F16": Double(ElementConversion.widened(half: bytes.integer(at: start + 2 * i)))
            default: Double(Float(bitPattern: UInt32(bytes.integer(UInt16.self, at: start + 2 * i)) << 16))
            }
        }
    }
}
