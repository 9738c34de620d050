// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Similarity

/// One run over texts: keeps requests under way and gives the vectors out in the order of the texts.
///
/// Texts are read ahead. A text in the cache has its vector at once; the others are gathered into batches, each sent by a task
/// of its own. Rows wait in a window until all before them are done, so what is held is bounded by the window, however many
/// texts there are. Used by one task.
final class EmbeddingRun {
    /// What is given out at once: consecutive rows.
    struct Piece {
        /// Rows with a vector.
        var rows: [Int] = []
        /// Their vectors, one after the other.
        var values: [Float] = []
        var refused: [RefusedText] = []
        var isEmpty: Bool { rows.isEmpty && refused.isEmpty }
    }

    /// Texts that are read together.
    private struct Chunk: Sendable {
        let texts: [String]
        let rows: [Int]
        let digests: [TextDigest]
        /// Texts that were under way when these were looked up.
        let pending: Set<TextDigest>
    }

    private enum State {
        case ready([Float])
        case refused(HubError)
        /// The vector is, or will be, at this place of a request.
        case waiting(request: Int, place: Int)
    }

    private let client: ModelHubClient
    private let target: EmbeddingTarget
    private let refusals: TextRefusals
    private let counters: RunCounters
    private var window: [(row: Int, state: State)] = []
    private var batch = TextBatch()
    private var batchNumber = 0
    private var tasks: [Int: Task<BatchVectors, any Error>] = [:]
    private var answers: [Int: BatchVectors] = [:]
    /// Where the vector of a text is that waits in the window.
    private var pending: [TextDigest: (request: Int, place: Int)] = [:]
    private var isComplete = false
    /// The texts that are being looked up.
    private var ahead: (chunk: Chunk, found: Task<[TextDigest: [Float]], any Error>)?
    /// Texts whose vectors came from the cache, which does not know yet.
    private var used: [TextDigest] = []
    private var refusedRows: [Int] = []
    private var firstRefusal: HubError?

    /// Components of a vector, as soon as one is known.
    private(set) var dimension: Int?

    /// What it has taken so far.
    var usage: HubUsage { counters.usage }

    init(_ client: ModelHubClient, _ target: EmbeddingTarget, _ refusals: TextRefusals, _ counters: RunCounters) {
        self.client = client
        self.target = target
        self.refusals = refusals
        self.counters = counters
    }

    deinit {
        for task in tasks.values { task.cancel() }
        ahead?.found.cancel()
    }

    /// Texts to add at once: enough that looking them up is done for many at a time.
    var chunkSize: Int { max(512, client.configuration.textsPerRequest) }

    /// Rows that may wait. Many times the texts of a request, so that where nearly all texts are cached the few others still fill
    /// requests.
    private var windowLimit: Int { max(32 * client.configuration.textsPerRequest, 2 * chunkSize) }

    /// Whether more texts would keep more requests under way.
    var wantsTexts: Bool {
        !isComplete && tasks.count < 2 * client.configuration.requestsInFlight && window.count < windowLimit
    }

    /// Takes the next texts. They are looked up in the cache while those before them are given out.
    func add(_ texts: [String], rows: [Int], isLast: Bool) async throws {
        do {
            try await addAndTake(texts, rows: rows, isLast: isLast)
        } catch {
            await abandon()
            throw error
        }
    }

    private func addAndTake(_ texts: [String], rows: [Int], isLast: Bool) async throws {
        let digests = try texts.map { try TextDigest($0) }
        let next = Chunk(texts: texts, rows: rows, digests: digests, pending: Set(pending.keys))
        let previous = ahead
        ahead = (next, lookUp(next.digests))
        if let (chunk, found) = previous { try await take(chunk, try await found.value) }
        guard isLast else { return }
        if let (chunk, found) = ahead { try await take(chunk, try await found.value) }
        ahead = nil
        isComplete = true
        sendBatch()
        await markUsed()
    }

    private func lookUp(_ digests: [TextDigest]) -> Task<[TextDigest: [Float]], any Error> {
        Task { [client, target, counters] in try await client.cached(digests, target, counters) }
    }

    private func take(_ chunk: Chunk, _ found: [TextDigest: [Float]]) async throws {
        var cached = found
        // Texts that were under way when they were looked up may have come and gone since.
        let arrived = chunk.digests.filter { cached[$0] == nil && pending[$0] == nil && chunk.pending.contains($0) }
        if !arrived.isEmpty { cached.merge(try await lookUp(arrived).value) { $1 } }
        var fromCache = 0
        for ((text, digest), row) in zip(zip(chunk.texts, chunk.digests), chunk.rows) {
            if text.isBlank {
                let error = HubError.blank(rows: [row], model: target.model)
                if refusals == .reject { throw error }
                counters.add(texts: 1)
                window.append((row, .refused(error)))
            } else if let place = pending[digest] {
                counters.add(texts: 1, cached: 1)
                window.append((row, .waiting(request: place.request, place: place.place)))
            } else if let vector = cached[digest] {
                try settle(cached: vector.count, row: row)
                used.append(digest)
                fromCache += 1
                window.append((row, .ready(vector)))
            } else {
                let limits = client.configuration
                if !batch.hasRoom(for: text, texts: limits.textsPerRequest, tokens: limits.tokensPerRequest) {
                    sendBatch()
                }
                pending[digest] = (batchNumber, batch.count)
                window.append((row, .waiting(request: batchNumber, place: batch.count)))
                batch.append(text, row: row, digest: digest)
            }
        }
        counters.add(texts: fromCache, cached: fromCache)
        if used.count >= 1 << 14 { await markUsed() }
    }

    /// The next rows that are done, as many as there are; nil after the last one.
    ///
    /// - Throws: What a request has failed with, when those under way have ended and are kept; texts that were refused, at the
    ///   end, if they are not to be skipped.
    func deliver() async throws -> Piece? {
        if case .waiting(let request, _)? = window.first?.state {
            // The window is full and its first row waits for a batch that is not: it goes as it is.
            if request == batchNumber { sendBatch() }
            try await answer(request)
        }
        var piece = Piece()
        var done = 0
        scan: for (row, state) in window {
            switch state {
            case .ready(let vector):
                piece.rows.append(row)
                piece.values += vector
            case .refused(let error): refuse(row, error, &piece)
            case .waiting(let request, let place):
                guard let answer = answers[request] else { break scan }
                if let vector = answer.vector(place) {
                    piece.rows.append(row)
                    piece.values += vector
                } else if let error = answer.refused[place] {
                    refuse(row, error, &piece)
                }
            }
            done += 1
        }
        window.removeFirst(done)
        forgetDone()
        if !piece.isEmpty { return piece }
        if refusals == .reject, var error = firstRefusal {
            error.rows = refusedRows
            throw error
        }
        return nil
    }

    private func refuse(_ row: Int, _ error: HubError, _ piece: inout Piece) {
        piece.refused.append(RefusedText(row: row, error: error.about(row)))
        refusedRows.append(row)
        firstRefusal = firstRefusal ?? error
    }

    private func sendBatch() {
        guard batch.count > 0 else { return }
        tasks[batchNumber] = Task { [client, target, counters, batch] in
            try await client.vectors(of: batch, target, counters)
        }
        batchNumber += 1
        batch = TextBatch()
    }

    private func answer(_ request: Int) async throws {
        guard answers[request] == nil, let task = tasks[request] else { return }
        let all = Array(tasks.values)
        do {
            let answer = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                for task in all { task.cancel() }
            }
            answers[request] = answer
            tasks[request] = nil
            if answer.dimension > 0 { dimension = answer.dimension }
        } catch {
            await abandon()
            try Task.checkCancellation()
            throw error
        }
    }

    /// Ends a run that has failed, here or where its texts come from. What is under way has been paid for: it is answered and kept, and
    /// nothing new is begun.
    func abandon() async {
        counters.stop()
        for task in tasks.values { _ = await task.result }
        tasks = [:]
    }

    /// Drops answers that no row in the window waits for.
    private func forgetDone() {
        var isNeeded = Set<Int>()
        for (_, state) in window {
            if case .waiting(let request, _) = state { isNeeded.insert(request) }
        }
        let done = Set(answers.keys.filter { !isNeeded.contains($0) })
        if done.isEmpty { return }
        for request in done { answers[request] = nil }
        pending = pending.filter { !done.contains($0.value.request) }
    }

    private func markUsed() async {
        await client.markUsed(used, target, counters)
        used = []
    }

    private func settle(cached count: Int, row: Int) throws {
        if let reason = client.mismatch(count, target, counters) {
            var error = HubError(.malformedAnswer, "\(reason); this one is in the cache: clear it of the model")
            error.model = target.model
            error.rows = [row]
            throw error
        }
        dimension = count
    }
}
#endif
