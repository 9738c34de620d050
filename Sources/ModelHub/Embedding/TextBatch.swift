// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import HubLibraries

/// Texts that go into one request, unless they are refused together.
struct TextBatch: Sendable {
    private(set) var texts: [String] = []
    private(set) var rows: [Int] = []
    private(set) var digests: [TextDigest] = []
    private var tokens = 0

    var count: Int { texts.count }

    /// Whether a text still goes in. The first one always does.
    func hasRoom(for text: String, texts limit: Int, tokens tokenLimit: Int) -> Bool {
        count == 0 || count < limit && tokens + EmbeddingRequest.estimatedTokens(text) <= tokenLimit
    }

    mutating func append(_ text: String, row: Int, digest: TextDigest) {
        texts.append(text)
        rows.append(row)
        digests.append(digest)
        tokens += EmbeddingRequest.estimatedTokens(text)
    }

    /// A part of it.
    subscript(range: Range<Int>) -> TextBatch {
        var part = TextBatch()
        for i in range { part.append(texts[i], row: rows[i], digest: digests[i]) }
        return part
    }
}

/// The vectors of a batch, in its order.
struct BatchVectors: Sendable {
    var dimension = 0
    /// The vectors one after the other, but for refused texts, which have none.
    var values: [Float] = []
    /// Where the vector of each text begins; nil for a refused one.
    var starts: [Int?] = []
    /// Why texts are refused, by their places.
    var refused: [Int: HubError] = [:]

    mutating func append(_ other: BatchVectors) {
        if other.dimension > 0 { dimension = other.dimension }
        for (place, error) in other.refused { refused[starts.count + place] = error }
        let offset = values.count
        starts += other.starts.map { $0.map { $0 + offset } }
        values += other.values
    }

    func vector(_ place: Int) -> ArraySlice<Float>? {
        starts[place].map { values[$0..<$0 + dimension] }
    }
}

extension ModelHubClient {
    /// The vectors of a batch, committed to the cache. One that is refused as a whole is halved, until the texts that cannot
    /// pass stand alone.
    func vectors(of batch: TextBatch, _ target: EmbeddingTarget, _ counters: RunCounters) async throws -> BatchVectors {
        let call = HubCall(
            address: endpoint.embeddings,
            body: EmbeddingRequest.body(model: target.model, texts: batch.texts, dimensions: target.dimensions),
            // A vector of 16,384 numbers of 24 characters, and something beside it.
            byteLimit: min(batch.count * 400_000 + (1 << 20), 2 << 30),
            model: target.model,
            rows: batch.rows
        )
        // An answer with vectors that cannot be used is asked for once more; then the others are taken.
        var wasAskedAgain = configuration.attempts <= 1
        let outcome = try await exchange(call, counters: counters) { (response) throws(EmbeddingAnswer.Fault) in
            let answer = try EmbeddingAnswer(response.body, count: batch.count)
            if answer.dimension > 0, let reason = mismatch(answer.dimension, target, counters) {
                throw .init(message: reason)
            }
            if !wasAskedAgain, let (place, reason) = answer.unusable.min(by: { $0.key < $1.key }) {
                wasAskedAgain = true
                throw .init(message: "the vector of text \(place) \(reason)", index: place)
            }
            return (answer, response)
        }
        switch outcome {
        case .answer((let answer, let response)):
            await store(answer, of: batch.digests, target, counters)
            counters.add(texts: batch.count)
            var refused: [Int: HubError] = [:]
            for (place, reason) in answer.unusable {
                refused[place] = describe(.malformedAnswer, "the vector of the text \(reason)", call, response, place)
            }
            return BatchVectors(
                dimension: answer.dimension,
                values: answer.values,
                starts: (0..<batch.count).map { refused[$0] == nil ? $0 * answer.dimension : nil },
                refused: refused
            )
        case .split(let error) where batch.count == 1:
            counters.add(texts: 1)
            return BatchVectors(starts: [nil], refused: [0: error])
        case .split:
            var result = try await vectors(of: batch[0..<batch.count / 2], target, counters)
            result.append(try await vectors(of: batch[batch.count / 2..<batch.count], target, counters))
            return result
        }
    }

    /// Holds a run to one dimension: the one that was asked for, else that of its first vectors. Returns what is wrong.
    func mismatch(_ dimension: Int, _ target: EmbeddingTarget, _ counters: RunCounters) -> String? {
        if let wanted = target.dimensions, wanted != dimension {
            return "asked for \(wanted) dimensions, found vectors of \(dimension)"
        }
        return counters.settle(dimension: dimension).map {
            "found vectors of \(dimension) components where this run has \($0) so far"
        }
    }
}
#endif
