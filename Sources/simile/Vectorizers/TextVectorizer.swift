// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import TextEncoder

/// Makes vectors of texts: the local encoder, or a model of the hub.
protocol TextVectorizer: Sendable {
    /// The vectors of texts that are not blank.
    func vectors(of texts: [String]) async throws -> VectorizedTexts
}

/// Vectors of texts, one row a text.
struct VectorizedTexts {
    /// Rows of refused texts are NaN.
    let vectors: VectorMatrix
    /// Texts that the model refuses, by their places, and why.
    var refused: [(place: Int, reason: String)] = []
}

/// The encoder on this machine, loaded when the first text needs it.
actor LocalVectorizer: TextVectorizer {
    private let model: String
    private let running: RunningOptions
    private var encoder: SentenceEncoder?

    init(model: String, _ running: RunningOptions) {
        self.model = model
        self.running = running
    }

    func vectors(of texts: [String]) throws -> VectorizedTexts {
        let encoder = try loaded()
        let progress = running.progress("embedding", total: Double(texts.count), unit: "texts")
        defer { progress.finish() }
        return VectorizedTexts(
            vectors: try encoder.encode(
                texts,
                workers: running.workers,
                cancellation: Interruption.flag,
                progress: { progress.update($0.fraction) }
            )
        )
    }

    private func loaded() throws -> SentenceEncoder {
        if let encoder { return encoder }
        let folder = try ModelLocation(cacheFolder: Environment.cacheFolder()).folder(of: model)
        let loaded = try SentenceEncoder(folder: folder)
        encoder = loaded
        return loaded
    }
}
