// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials
internal import GRDB

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
            return try await database.read { [byteLimit] database in
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT address, model, dimensions, COUNT(*) AS texts, SUM(bytes) AS bytes
                        FROM text JOIN source ON source.id = text.source
                        GROUP BY source.id ORDER BY address, model, dimensions
                        """
                )
                let sources = rows.map { row -> Summary.Source in
                    let dimensions: Int = row["dimensions"]
                    return Summary.Source(
                        address: row["address"],
                        model: row["model"],
                        dimensions: dimensions == 0 ? nil : dimensions,
                        textCount: row["texts"],
                        byteCount: row["bytes"]
                    )
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
            let count = try await database.write { database -> Int in
                let condition = model == nil ? "1" : "source IN (SELECT id FROM source WHERE model = ?)"
                let arguments: StatementArguments = model.map { [$0] } ?? []
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT COUNT(*) AS texts, COALESCE(SUM(bytes), 0) AS bytes FROM text WHERE \(condition)",
                    arguments: arguments
                )
                try database.execute(
                    sql: "DELETE FROM vector WHERE id IN (SELECT vector FROM text WHERE \(condition))",
                    arguments: arguments
                )
                try database.execute(sql: "DELETE FROM text WHERE \(condition)", arguments: arguments)
                let bytes: Int = row?["bytes"] ?? 0
                try CacheSchema.addBytes(-bytes, database)
                return row?["texts"] ?? 0
            }
            try await database.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA incremental_vacuum")
                // Fails while another process reads; the log then shrinks later.
                _ = try? database.checkpoint(.truncate)
            }
            return count
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
