// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Logging

/// The cache as a run uses it. What has been paid for is given out whatever becomes of the cache: one that is locked, full or
/// read-only is told of once and then left alone.
extension ModelHubClient {
    /// The vectors that are in the cache.
    ///
    /// - Throws: ``HubError`` of a damaged cache, as long as nothing has been paid for in this run.
    func cached(
        _ digests: [TextDigest],
        _ target: EmbeddingTarget,
        _ counters: RunCounters
    ) async throws -> [TextDigest: [Float]] {
        guard let cache, !counters.hasLost(.reading) else { return [:] }
        do {
            return try await cache.vectors(digests, CacheSource(endpoint, target))
        } catch let error as HubError where error.code != .damagedCache || counters.usage.requests > 0 {
            lose(.reading, error, counters)
            return [:]
        }
    }

    /// Keeps the vectors of an answer.
    func store(
        _ answer: EmbeddingAnswer,
        of digests: [TextDigest],
        _ target: EmbeddingTarget,
        _ counters: RunCounters
    ) async {
        guard let cache, !counters.hasLost(.writing) else { return }
        do {
            let earlier = try await cache.store(answer, of: digests, CacheSource(endpoint, target))
            guard let earlier, let now = answer.model, earlier != now, counters.tellOfOtherModel() else { return }
            logger.warning(
                """
                the server calls the model \(target.model) now \(ServerMessage.excerpt(now)), where the cache has vectors of \
                \(ServerMessage.excerpt(earlier)): if that is another model, clear the cache of \(target.model)
                """
            )
        } catch {
            lose(.writing, error, counters)
        }
    }

    /// Notes that vectors of the cache have been used.
    func markUsed(_ digests: [TextDigest], _ target: EmbeddingTarget, _ counters: RunCounters) async {
        guard let cache, !counters.hasLost(.writing) else { return }
        do {
            try await cache.markUsed(digests, CacheSource(endpoint, target))
        } catch {
            lose(.writing, error, counters)
        }
    }

    private func lose(_ access: RunCounters.CacheAccess, _ error: any Error, _ counters: RunCounters) {
        guard counters.lose(access) else { return }
        let message = (error as? HubError)?.message ?? "\(error)"
        let consequence =
            access == .writing
            ? "vectors are given out and not kept in it" : "all texts that follow are sent"
        logger.warning("\(message); \(consequence)")
    }
}
#endif
