// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import TransformerKernels

/// A local sentence encoder: texts in, one vector a text out. It runs transformers of the BERT family, and static models, whose vectors are means
/// of those of the tokens.
///
/// ```swift
/// let location = ModelLocation(cacheFolder: "/home/me/.cache")
/// let encoder = try SentenceEncoder(folder: location.folder())
/// let vectors = try encoder.encode(["How do I reset my password?", "I forgot my password."]).vectors
/// ```
///
/// Token ids are those of the reference tokenizer. Vectors agree with the reference implementation (PyTorch, single
/// precision) to the rounding of single precision: for all-MiniLM-L6-v2, whose vectors have length 1, components
/// within 1e-5 or so, cosine above 0.99999.
///
/// A value is cheap to copy and safe to share: the weights are read-only pages of the model file, or with ``EncoderPrecision/int8`` a quarter of them in memory.
public struct SentenceEncoder: Sendable {
    /// How tokens become a vector.
    enum Architecture: Sendable {
        case transformer(BERTModel, SentencePooling)
        case average(StaticModel, scalesToUnitLength: Bool)
    }

    let tokenizer: Tokenizer
    let architecture: Architecture
    let weightsFile: String
    let prompts: ModelPrompts

    /// The texts that the model wants before others, by their names (`query`, `passage`), as `config_sentence_transformers.json` has them.
    public var promptTexts: [String: String] { prompts.texts }

    /// What is put before a text of a role, or before one whose role is not known: the model's prompt for it, as sentence-transformers chooses it (`query`;
    /// `document`, `passage` or `corpus`), else the default one, else nothing. ``encode(_:options:)`` puts nothing before texts.
    public func prompt(for role: TextRole?) -> String { prompts.text(for: role) }

    /// Components of a vector.
    public let dimension: Int

    /// Tokens of a text that are read, the special ones included; the end of a longer text has no influence. `Int.max` for a model without a limit.
    public let maxTokenCount: Int

    /// Loads the model in a folder.
    ///
    /// The folder is laid out as sentence-transformers does it: `config.json`, `model.safetensors`, `tokenizer.json`
    /// (or `vocab.txt`), and if present `modules.json`, `1_Pooling/config.json`, `sentence_bert_config.json`,
    /// `tokenizer_config.json`; or it is one of a static model, of model2vec or of a `StaticEmbedding` of sentence-transformers. The weights are
    /// mapped, not read: keep the file as it is while the encoder is in use.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder.
    ///   - precision: What linear layers are computed in.
    /// - Throws: ``ModelError`` for a missing or damaged file, a model of another kind, or a static model that is to be computed in integers: its vectors
    ///   are what they are.
    public init(folder: String, precision: EncoderPrecision = .float32) throws(ModelError) {
        try self.init(folder: folder, precision: precision, gemm: GEMM.preferred)
    }

    /// Loads the model in a folder, to run on a given gemm.
    package init(
        folder path: String,
        precision: EncoderPrecision = .float32,
        gemm: GEMM.Provider
    ) throws(ModelError) {
        let folder = ModelFolder(path: path)
        if let found = try StaticModelFolder(folder) {
            guard precision == .float32 else {
                throw ModelError(
                    file: path,
                    "is a static model, which has no linear layers to compute in \(precision.rawValue)"
                )
            }
            let tokenizer = try Tokenizer(found.folder, addsSpecialTokens: false)
            let model = try found.model(tokenizer)
            self.init(
                tokenizer,
                .average(model, scalesToUnitLength: found.scalesToUnitLength),
                weightsFile: found.folder.path(of: "model.safetensors"),
                dimension: model.table.width,
                prompts: try ModelPrompts(folder),
                maxTokenCount: model.maxTokenCount ?? .max
            )
        } else {
            try self.init(transformerIn: folder, gemm, precision)
        }
    }

    init(
        _ tokenizer: Tokenizer,
        _ architecture: Architecture,
        weightsFile: String,
        dimension: Int,
        prompts: ModelPrompts,
        maxTokenCount: Int
    ) {
        self.prompts = prompts
        self.tokenizer = tokenizer
        self.architecture = architecture
        self.weightsFile = weightsFile
        self.dimension = dimension
        self.maxTokenCount = maxTokenCount
    }

    /// The token ids of a text, special tokens included, cut to ``maxTokenCount``.
    ///
    /// An empty or blank text has the special tokens alone; with a static model none.
    /// - Complexity: O(n) in the length of the text.
    public func tokenIDs(for text: String) -> [Int] { tokens(of: text).ids.map(Int.init) }

    /// Whether vectors are pooled ones, of some length, and nothing else is done to them.
    var hasPooledVectors: Bool {
        guard case .transformer(_, let pooling) = architecture else { return true }
        return pooling.steps.allSatisfy { if case .normalize = $0 { true } else { false } }
    }

    /// What the model reads of a text.
    func tokens(of text: String) -> (ids: [Int32], isCut: Bool) {
        if case .average(let model, _) = architecture { return model.tokens(of: text, by: tokenizer) }
        // One more than the model takes tells whether there are more.
        var ids = tokenizer.tokenIDs(for: text, maxCount: maxTokenCount + 1)
        let isCut = ids.count > maxTokenCount
        if isCut { ids.remove(at: ids.count - tokenizer.suffix.count - 1) }
        return (ids, isCut)
    }
}
