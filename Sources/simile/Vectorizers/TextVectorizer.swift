// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import TextEncoder

/// Makes vectors of texts: the local encoder, or a model of the hub.
protocol TextVectorizer: Sendable {
    /// The vectors of texts that are not blank.
    ///
    /// - Parameter role: What they are for; nil if that is not known.
    func vectors(of texts: [String], as role: TextRole?) async throws -> VectorizedTexts
}

/// Vectors of texts, one row a text.
struct VectorizedTexts {
    /// Rows of refused texts are NaN.
    let vectors: VectorMatrix
    /// Texts that the model refuses, by their places, and why.
    var refused: [(place: Int, reason: String)] = []
    /// Texts of which the model reads only a beginning, by their places.
    var cut: [Int] = []
    /// Tokens of a text that the model reads, where it is known.
    var tokenLimit: Int?
}

/// The encoder on this machine, loaded when the first text needs it.
actor LocalVectorizer: TextVectorizer {
    /// Nil for the default one.
    private let model: String?
    private let precision: EncoderPrecision
    private let running: RunningOptions
    private let prompts: Prompts
    private var encoder: SentenceEncoder?

    init(model: String?, _ precision: EncoderPrecision, _ prompts: Prompts, _ running: RunningOptions) {
        self.model = model
        self.precision = precision
        self.prompts = prompts
        self.running = running
    }

    func vectors(of texts: [String], as role: TextRole?) throws -> VectorizedTexts {
        let progress = running.progress("embedding", total: Double(texts.count), unit: "texts")
        defer { progress.finish() }
        return try encoding(of: texts, as: role) { progress.update($0) }
    }

    /// The same, with the progress of the encoder.
    func encoding(
        of texts: [String],
        as role: TextRole?,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) throws -> VectorizedTexts {
        let encoder = try loaded()
        let prompt = prompts.text(for: role).map { encoder.promptTexts[$0] ?? $0 } ?? encoder.prompt(for: role)
        // Twice: batch by batch, then in the order of the texts.
        try running.requireMemory(
            8 * Double(texts.count) * Double(encoder.dimension),
            for: "the vectors of \(texts.count) texts",
            instead: "embed a part of them at a time"
        )
        let found = try encoder.encode(
            prompt.isEmpty ? texts : texts.map { prompt + $0 },
            options: RunOptions(workers: running.workers, cancellation: Interruption.flag, progress: progress)
        )
        return VectorizedTexts(
            vectors: found.vectors,
            refused: found.emptyTexts.map { ($0, "no token is left of it after normalization") },
            cut: found.cutTexts,
            tokenLimit: encoder.maxTokenCount
        )
    }

    private func loaded() throws -> SentenceEncoder {
        if let encoder { return encoder }
        let found = try Environment.localModel(model)
        if found.standsIn {
            running.tell(
                "\(ModelLocation.defaultModel) is not on this machine: --model \(found.name) stands in for it, which is faster and less exact; "
                    + "scripts/fetch-model fetches the better one"
            )
        }
        let loaded = try SentenceEncoder(folder: found.folder, precision: precision)
        encoder = loaded
        return loaded
    }
}
