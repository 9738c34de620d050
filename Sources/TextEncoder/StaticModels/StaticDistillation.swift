// SPDX-License-Identifier: Apache-2.0

import Safetensors
public import Similarity
import SimilarityKernels
import StrictJSON
import System
import TransformerKernels

/// A static model made from a transformer: the vectors of its tokens, shortened, weighted and rounded to bytes.
///
/// Each token of the vocabulary goes through the transformer alone; the vectors are centered, weighted by the place of the token in the vocabulary
/// (frequent ones count less) and projected on their principal components, as model2vec does it
/// (https://github.com/MinishLab/model2vec). With texts to learn from, the vectors are then moved so that the mean of a text's tokens comes near
/// the vector that the transformer gives the text, which makes a much better model of these and similar texts; the components are then those of
/// the texts, divided by the fourth root of their variances.
///
/// The files are those of a folder of model2vec, for ``SentenceEncoder/init(folder:precision:)``, model2vec and sentence-transformers.
public struct StaticDistillation: Sendable {
    /// The files of the folder.
    public let files: [(name: String, bytes: [UInt8])]
    /// Tokens that have a vector.
    public let tokenCount: Int
    /// Components of a vector.
    public let dimension: Int
    /// The share of the variance that the components hold, of tokens or of texts.
    public let retainedVariance: Double

    /// Makes a static model.
    ///
    /// - Parameters:
    ///   - folder: The folder of the transformer.
    ///   - dimension: Components of the new vectors; as many as the transformer's are the most.
    ///   - texts: What to learn from, with a hundred tokens for each of the vocabulary if possible; none for the vocabulary alone.
    ///   - options: Workers, cancellation, progress.
    /// - Complexity: encodes the vocabulary (30,522 tokens of all-MiniLM-L6-v2: seconds) and the texts, and takes `12 n d` bytes for n texts of
    ///   vectors of d components.
    /// - Throws: ``ModelError`` if the folder has no transformer that can be used, `CancellationError`, `SimilarityError` if the vocabulary is
    ///   too small for its components.
    public init(
        of folder: String,
        dimension: Int = 256,
        learningFrom texts: [String] = [],
        options: RunOptions = RunOptions()
    ) throws {
        let source = ModelFolder(path: folder)
        let encoder = try SentenceEncoder(folder: folder)
        if try source.documentIfPresent("sentence_bert_config.json")?.flag("do_lower_case") == true {
            throw ModelError(
                file: source.path(of: "sentence_bert_config.json"),
                "do_lower_case is on beside the tokenizer, which a static model has no place for"
            )
        }
        guard encoder.hasPooledVectors else {
            throw ModelError(
                file: source.path(of: "modules.json"),
                "the model has a Dense module, whose vectors no token has; a static model is made of the others"
            )
        }
        let check: @Sendable () throws -> Void = { try options.checkCancellation() }
        let workers = options.workers
        let progress = ProgressReporter(options.progress, total: 1000, unit: .steps)
        let shareOfTokens = texts.isEmpty ? 0.9 : 0.05
        var tokens = try TokenVectors(
            of: Tokenizer.pieces(source).filter { !Self.isSpecial($0.bytes) }.map(\.id),
            below: encoder.tokenizer.idBound,
            encoder,
            workers: workers,
            check: check,
            tick: { progress?.advance(toShare: shareOfTokens * $0) }
        )
        tokens.centerAndWeight()
        var rows = texts.isEmpty ? tokens.rows : []
        if !texts.isEmpty {
            var encoding = options.quiet
            encoding.progress = { progress?.advance(toShare: 0.05 + 0.75 * ($0.fraction ?? 0)) }
            let vectors = try encoder.encode(texts, options: encoding).vectors
            let tokenizer = try Tokenizer(source, addsSpecialTokens: false)
            let means = try Self.means(of: texts, tokenizer, tokens.ids, workers, check)
            try tokens.learn(
                means,
                targets: Self.centered(vectors),
                workers: workers,
                check: check,
                tick: { progress?.advance(toShare: 0.8 + 0.2 * $0) }
            )
            rows = try means.texts(from: tokens.values, width: tokens.width, workers: workers.count, check: check)
        }
        let components = try LinearProjection.principalComponents(
            min(dimension, tokens.width),
            of: VectorMatrix(rowCount: rows.count / tokens.width, dimension: tokens.width, values: rows),
            options: options.quiet
        )
        retainedVariance = components.explainedVarianceRatio.reduce(0.0) { $0 + Double($1) }
        self.dimension = components.outputDimension
        tokenCount = tokens.ids.count
        // The mean stays: what is taken from every token is taken from every text.
        let projection = LinearProjection(
            dimension: tokens.width,
            outputDimension: components.outputDimension,
            matrix: texts.isEmpty ? components.coefficients : Self.flattened(components)
        )
        let projected = try tokens.matrix.projected(by: projection, options: options)
        files = try Self.files(projected, from: source)
    }

    /// Special tokens, and places for new ones: `[CLS]`, `[unused1]`.
    private static func isSpecial(_ piece: [UInt8]) -> Bool {
        piece.count > 2 && piece.first == UInt8(ascii: "[") && piece.last == UInt8(ascii: "]")
    }

    /// The tokens of texts that have a vector.
    private static func means(
        of texts: [String],
        _ tokenizer: Tokenizer,
        _ ids: [Int32],
        _ workers: Workers,
        _ check: @Sendable () throws -> Void
    ) throws -> TokenMeans {
        let known = Set(ids)
        let chunk = 256
        let sequences = try concurrentMap(count: (texts.count + chunk - 1) / chunk, workers: workers.count) { index in
            try check()
            return texts[index * chunk..<min((index + 1) * chunk, texts.count)].map {
                tokenizer.tokenIDs(for: $0, maxCount: 512).filter { known.contains($0) }
            }
        }
        return TokenMeans(Array(sequences.joined()), tokenCount: tokenizer.idBound)
    }

    /// The components of all rows, less their means.
    private static func centered(_ vectors: VectorMatrix) -> [Float] {
        let width = vectors.dimension
        var mean = [Double](repeating: 0, count: width)
        var values: [Float] = []
        values.reserveCapacity(vectors.rowCount * width)
        for row in 0..<vectors.rowCount {
            let vector = vectors[row]
            for j in 0..<width { mean[j] += Double(vector[j]) }
            values += vector
        }
        for i in values.indices { values[i] -= Float(mean[i % width] / Double(vectors.rowCount)) }
        return values
    }

    /// Directions divided by the fourth root of their variance, so that strong ones do not drown the others. What has a millionth of the strongest one's variance is
    /// rounding, as where there are fewer texts than directions, and is left out.
    private static func flattened(_ components: LinearProjection) -> [Float] {
        let width = components.dimension
        var matrix = components.coefficients
        let least = (components.explainedVariance.first ?? 0) * 1e-6
        for (j, variance) in components.explainedVariance.enumerated() {
            let factor = variance > least ? 1 / variance.squareRoot().squareRoot() : 0
            for i in j * width..<(j + 1) * width { matrix[i] *= factor }
        }
        return matrix
    }

    private static func files(
        _ vectors: VectorMatrix,
        from source: ModelFolder
    ) throws(ModelError) -> [(name: String, bytes: [UInt8])] {
        let (count, width) = (vectors.rowCount, vectors.dimension)
        var bytes: [Int8] = []
        bytes.reserveCapacity(count * width)
        var factors: [Float] = []
        for row in 0..<count {
            let vector = vectors[row]
            let factor = (vector.map(abs).max() ?? 0) / 127
            factors.append(factor)
            bytes += vector.map { factor > 0 ? Int8(($0 / factor).rounded()) : 0 }
        }
        var tensors = SafetensorsWriter(metadata: [("source", source.name)])
        tensors.add("weights", shape: [count], floats: factors)
        tensors.add("embeddings", type: "I8", shape: [count, width], littleEndian: bytes)
        let configuration = JSONWriter.document { file in
            file.field("model_type", "model2vec")
            file.field("architectures", ["StaticModel"])
            file.field("tokenizer_name", source.name)
            file.field("hidden_dim", width)
            file.field("max_length", 512)
            file.field("normalize", true)
            file.field("embedding_dtype", "int8")
        }
        let modules = JSONWriter.line(of: [
            Module(index: 0, path: ".", name: "StaticEmbedding"),
            Module(index: 1, path: "1_Normalize", name: "Normalize"),
        ])
        var files = [("model.safetensors", tensors.bytes()), ("config.json", configuration), ("modules.json", modules)]
        let names =
            try source.bytesIfPresent("tokenizer.json") == nil
            ? ["vocab.txt", "tokenizer_config.json"] : ["tokenizer.json"]
        for name in names {
            if let bytes = try source.bytesIfPresent(name) {
                files.append((name, bytes.bytes(in: 0..<bytes.byteCount)))
            }
        }
        return files
    }
}

/// An entry of `modules.json`.
private struct Module: JSONWritable {
    let index: Int
    let path: String
    let name: String

    func write(to writer: inout JSONWriter) {
        writer.nestedObject { module in
            module.field("idx", index)
            module.field("name", "\(index)")
            module.field("path", path)
            module.field("type", "sentence_transformers.models.\(name)")
        }
    }
}
