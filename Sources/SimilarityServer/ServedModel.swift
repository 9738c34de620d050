// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import TextEncoder

/// A model that makes vectors of texts for requests, those that arrive together at once.
package final class ServedModel: Sendable {
    /// What requests call it.
    package let name: String
    let encoder: SentenceEncoder
    private let queue: BatchQueue<String, EmbeddedText>

    /// A text with its vector.
    struct EmbeddedText: Sendable {
        let vector: [Float]
        let tokenCount: Int
        /// Whether its end was not read.
        let isCut: Bool
        /// Whether no token is left of it.
        let isEmpty: Bool
    }

    /// - Parameters:
    ///   - waitingLimit: Texts that may wait.
    ///   - workers: How many threads encode.
    package init(name: String, encoder: SentenceEncoder, waitingLimit: Int, workers: Workers) {
        self.name = name
        self.encoder = encoder
        // Whole passes of the encoder: some thousands of tokens for each worker.
        queue = BatchQueue(limit: waitingLimit, roundLimit: 512, share: 64) { texts in
            let found = try encoder.encode(texts, options: RunOptions(workers: workers))
            let (cut, empty) = (Set(found.cutTexts), Set(found.emptyTexts))
            return texts.indices.map { row in
                EmbeddedText(
                    vector: found.vectors[row],
                    tokenCount: found.tokenCounts[row],
                    isCut: cut.contains(row),
                    isEmpty: empty.contains(row)
                )
            }
        }
    }

    /// Texts that wait or are worked on.
    var waitingCount: Int { queue.itemCount }

    /// The vectors of texts, with the prompt of a role before them.
    ///
    /// - Throws: ``ServiceError``.
    func embedded(_ texts: [String], as role: TextRole?, within time: Duration) throws -> [EmbeddedText] {
        for (place, text) in texts.enumerated() where text.allSatisfy(\.isWhitespace) {
            throw ServiceError.invalid("text \(place) is blank; expected text", parameter: "input")
        }
        let prompt = encoder.prompt(for: role)
        let found = try queue.outputs(of: prompt.isEmpty ? texts : texts.map { prompt + $0 }, within: time)
        if let place = found.firstIndex(where: \.isEmpty) {
            throw ServiceError.invalid(
                "no token is left of text \(place) after normalization",
                parameter: "input"
            )
        }
        return found
    }

    func stop() { queue.stop() }
}
