// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import ModelHub
internal import Similarity
internal import TextEncoder

/// A model of the hub. Connected when the first text needs it.
actor HubVectorizer: TextVectorizer {
    private let model: String
    private let prompts: Prompts
    private let options: HubOptions
    private let running: RunningOptions
    private var connection: HubConnection?

    init(model: String, _ prompts: Prompts, _ options: HubOptions, _ running: RunningOptions) {
        self.model = model
        self.prompts = prompts
        self.options = options
        self.running = running
    }

    func vectors(of texts: [String], as role: TextRole?) async throws -> VectorizedTexts {
        let connection = try connected()
        let progress = running.progress("embedding", total: Double(texts.count), unit: "texts")
        defer { progress.finish() }
        let found = try await connection.client.embed(
            prompts.text(for: role).map { prompt in texts.map { prompt + $0 } } ?? texts,
            model: model,
            dimensions: options.dimensions,
            refusals: .skip,
            progress: { progress.update($0) }
        )
        return VectorizedTexts(
            vectors: found.vectors,
            refused: found.refused.map { ($0.row, $0.error.message) }
        )
    }

    /// The vectors of a stream of texts that are not blank.
    func batches(of texts: TextStream, progress: @escaping @Sendable (RunProgress) -> Void) throws
        -> EmbeddingBatches<TextStream>
    {
        try connected().client.embeddings(
            of: texts,
            model: model,
            dimensions: options.dimensions,
            refusals: .skip,
            progress: progress
        )
    }

    private func connected() throws -> HubConnection {
        if let connection { return connection }
        let made = try HubConnection(options, running)
        connection = made
        return made
    }
}
#endif
