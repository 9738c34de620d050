// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials
internal import HubLibraries

extension EmbeddingCache {
    /// What is in a cache.
    public struct Summary: Sendable, Hashable {
        /// Vectors of one service, model and number of dimensions asked for.
        public struct Source: Sendable, Hashable {
            /// Base address of the service.
            public let address: String
            /// Id of the model.
            public let model: String
            /// Dimensions asked for; nil if none were.
            public let dimensions: Int?
            /// Texts whose vectors are kept.
            public let textCount: Int
            /// Bytes of the vectors.
            public let byteCount: Int
        }

        /// By address, model and dimensions.
        public let sources: [Source]
        /// Bytes of all vectors.
        public let byteCount: Int
        /// Bytes that vectors may take.
        public let byteLimit: Int
    }

    /// What is in it.
    ///
    /// - Complexity: reads an entry of about 60 bytes for each text.
    /// - Throws: ``HubError`` of the kind `cache`.
    public func summary() async throws -> Summary {
        do {
            return try await reader.run { [byteLimit] database in
                var sources: [Summary.Source] = []
                try database.forEach(
                    """
                    SELECT address, model, dimensions, COUNT(*), SUM(bytes)
                    FROM text JOIN source ON source.id = text.source
                    GROUP BY source.id ORDER BY address, model, dimensions
                    """
                ) { row in
                    let dimensions = row.integer(2)
                    sources.append(
                        Summary.Source(
                            address: row.text(0),
                            model: row.text(1),
                            dimensions: dimensions == 0 ? nil : dimensions,
                            textCount: row.integer(3),
                            byteCount: row.integer(4)
                        )
                    )
                    return true
                }
                let total = try CacheSchema.totalBytes(database)
                return Summary(sources: sources, byteCount: total, byteLimit: byteLimit)
            }
        } catch {
            throw Self.failure(path, "cannot be read", error)
        }
    }

    /// Drops all vectors, or those of one model, and gives the space back. Other processes may use the file meanwhile.
    ///
    /// - Returns: Vectors that were dropped.
    /// - Throws: ``HubError`` of the kind `cache`.
    @discardableResult
    public func clear(model: String? = nil) async throws -> Int {
        do {
            return try await writer.run { database in
                let condition = "(?1 IS NULL OR source IN (SELECT id FROM source WHERE model = ?1))"
                let value = model.map { SQLiteValue.text($0) } ?? .null
                let count = try database.transaction { database -> Int in
                    let dropped = try database.first(
                        "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM text WHERE \(condition)",
                        value
                    ) { (count: $0.integer(0), bytes: $0.integer(1)) }
                    try database.execute(
                        "DELETE FROM vector WHERE id IN (SELECT vector FROM text WHERE \(condition))",
                        value
                    )
                    try database.execute("DELETE FROM text WHERE \(condition)", value)
                    try CacheSchema.makeServedTable(database)
                    try database.execute("DELETE FROM served WHERE \(condition)", value)
                    try CacheSchema.addBytes(-(dropped?.bytes ?? 0), database)
                    return dropped?.count ?? 0
                }
                try database.execute("PRAGMA incremental_vacuum")
                // Fails while another process reads; the log then shrinks later.
                try? database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return count
            }
        } catch {
            throw Self.failure(path, "cannot be cleared", error)
        }
    }

    /// Removes a file that is no cache any more, with what SQLite keeps beside it.
    ///
    /// - Throws: ``HubError`` of the kind `cache`.
    public static func remove(path: String) throws {
        for ending in ["-wal", "-shm", ""] {
            do {
                try FileManager.default.removeItem(atPath: path + ending)
            } catch let error as CocoaError where error.code == .fileNoSuchFile {
                continue
            } catch {
                throw failure(path, "cannot be removed", error)
            }
        }
    }
}
#endif
