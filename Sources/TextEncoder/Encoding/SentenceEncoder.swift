// SPDX-License-Identifier: Apache-2.0

internal import Safetensors
package import SimilarityKernels

/// A local sentence encoder of the BERT family: texts in, one vector a text out.
///
/// ```swift
/// let location = ModelLocation(cacheFolder: "/home/me/.cache")
/// let encoder = try SentenceEncoder(folder: location.folder())
/// let vectors = try encoder.encode(["How do I reset my password?", "I forgot my password."])
/// ```
///
/// Token ids are those of the reference tokenizer. Vectors agree with the reference implementation (PyTorch, single
/// precision) to the rounding of single precision: for all-MiniLM-L6-v2, whose vectors have length 1, components
/// within 1e-5 or so, cosine above 0.99999.
///
/// A value is cheap to copy and safe to share: the weights are read-only pages of the model file.
public struct SentenceEncoder: Sendable {
    let tokenizer: WordPieceTokenizer
    let model: BERTModel
    let pooling: SentencePooling
    let weightsFile: String

    /// Components of a vector.
    public var dimension: Int { model.shape.hiddenSize }

    /// Tokens of a text that are read, the special ones included; the end of a longer text has no influence.
    public let maxTokenCount: Int

    /// Loads the model in a folder.
    ///
    /// The folder is laid out as sentence-transformers does it: `config.json`, `model.safetensors`, `tokenizer.json`
    /// (or `vocab.txt`), and if present `modules.json`, `1_Pooling/config.json`, `sentence_bert_config.json`,
    /// `tokenizer_config.json`. The weights are mapped, not read: keep the file as it is while the encoder is in use.
    ///
    /// - Throws: ``ModelError`` for a missing or damaged file, or a model of another kind.
    public init(folder: String) throws(ModelError) {
        try self.init(folder: folder, gemm: GEMM.preferred)
    }

    /// Loads the model in a folder, to run on a given gemm.
    package init(folder path: String, gemm: GEMM.Provider) throws(ModelError) {
        let folder = ModelFolder(path: path)
        let shape = try BERTConfiguration(folder.document(BERTConfiguration.fileName))
        pooling = try SentencePooling(folder, hiddenSize: shape.hiddenSize)
        weightsFile = folder.path(of: "model.safetensors")
        guard let bytes = try folder.bytesIfPresent("model.safetensors") else {
            throw ModelError(file: weightsFile, "is missing; a model folder must have it")
        }
        let weights = try BERTWeights(
            SafetensorsFile(file: weightsFile, bytes: bytes),
            named: weightsFile,
            shape
        )
        model = BERTModel(shape: shape, weights: weights, gemm: gemm)

        var tokenizer = try WordPieceTokenizer(folder)
        guard tokenizer.idBound <= shape.vocabularySize else {
            throw ModelError(
                file: folder.path(of: BERTConfiguration.fileName),
                "vocab_size is \(shape.vocabularySize), but the tokenizer has ids up to \(tokenizer.idBound - 1)"
            )
        }
        let limits = try folder.documentIfPresent("sentence_bert_config.json")
        // Some cased models ask for lowercase here instead of in the tokenizer.
        if try limits?.flag("do_lower_case") == true { tokenizer.normalizer.lowercases = true }
        let limit = try limits?.integerIfPresent("max_seq_length", in: 1...1_048_576) ?? tokenizer.truncation
        maxTokenCount = min(limit ?? shape.maxPositionCount, shape.maxPositionCount)
        let special = tokenizer.prefix.count + tokenizer.suffix.count
        guard maxTokenCount > special else {
            throw ModelError(
                file: folder.path,
                "texts may have \(maxTokenCount) tokens, which the \(special) special ones already are"
            )
        }
        self.tokenizer = tokenizer
    }

    /// The token ids of a text, special tokens included, cut to ``maxTokenCount``.
    ///
    /// An empty or blank text has the special tokens alone.
    /// - Complexity: O(n) in the length of the text.
    public func tokenIDs(for text: String) -> [Int] {
        tokenizer.tokenIDs(for: text, maxCount: maxTokenCount).map(Int.init)
    }
}
