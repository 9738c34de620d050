// SPDX-License-Identifier: Apache-2.0

import Safetensors
import SimilarityKernels
import StrictJSON

extension SentenceEncoder {
    /// Loads a transformer of the BERT family.
    init(
        transformerIn folder: ModelFolder,
        _ gemm: GEMM.Provider,
        _ precision: EncoderPrecision
    ) throws(ModelError) {
        let shape = try BERTConfiguration(folder.document(BERTConfiguration.fileName))
        let pooling = try SentencePooling(folder, hiddenSize: shape.hiddenSize)
        let weightsFile = folder.path(of: "model.safetensors")
        guard let bytes = try folder.bytesIfPresent("model.safetensors") else {
            throw ModelError(file: weightsFile, "is missing; a model folder must have it")
        }
        let weights = try BERTWeights(
            SafetensorsFile(file: weightsFile, bytes: bytes),
            named: weightsFile,
            shape,
            precision
        )
        let model = BERTModel(shape: shape, weights: weights, gemm: gemm)

        var tokenizer = try Tokenizer(folder)
        guard tokenizer.idBound <= shape.vocabularySize else {
            throw ModelError(
                file: folder.path(of: BERTConfiguration.fileName),
                "vocab_size is \(shape.vocabularySize), but the tokenizer has ids up to \(tokenizer.idBound - 1)"
            )
        }
        let limits = try folder.documentIfPresent("sentence_bert_config.json")
        // Some cased models ask for lowercase here instead of in the tokenizer.
        if try limits?.flag("do_lower_case") == true { tokenizer.lowercase() }
        // Newer folders have the limit of sentence-transformers in the configuration of the tokenizer; a number beyond all bounds there means none.
        let configured = try folder.documentIfPresent("tokenizer_config.json")?.value["model_max_length"]?.double
        let limit =
            try limits?.integerIfPresent("max_seq_length", in: 1...1_048_576)
            ?? configured.flatMap { (1...1_048_576).contains($0) ? Int($0) : nil } ?? tokenizer.truncation
        let maxTokenCount = min(limit ?? shape.maxPositionCount, shape.maxPositionCount)
        let special = tokenizer.prefix.count + tokenizer.suffix.count
        guard maxTokenCount > special else {
            throw ModelError(
                file: folder.path,
                "texts may have \(maxTokenCount) tokens, which the \(special) special ones already are"
            )
        }
        let prompts = try ModelPrompts(folder)
        guard pooling.includesPrompt || prompts.texts.values.allSatisfy(\.isEmpty) else {
            throw ModelError(
                file: folder.path,
                "the pooling leaves out the tokens of prompts (include_prompt false), which is not supported"
            )
        }
        self.init(
            tokenizer,
            .transformer(model, pooling),
            weightsFile: weightsFile,
            dimension: pooling.dimension(hiddenSize: shape.hiddenSize),
            prompts: prompts,
            maxTokenCount: maxTokenCount
        )
    }
}
