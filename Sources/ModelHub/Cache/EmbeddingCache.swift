// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials
internal import GRDB

/// Vectors that have been paid for, in one SQLite file that several processes may share.
///
/// A vector is known by the service, the model, the dimensions asked for and the SHA-256 of the text; no text and no token is
/// stored. An answer is committed as a whole. When the vectors take more than the limit, those that have not been used for
/// longest go first.
public final class EmbeddingCache: Sendable {
    /// What the vectors may take if nothing else is said: 10 GiB, that is 2.6 million vectors of 1,024 components.
    public static let defaultByteLimit = 10 << 30

    /// The file.
    public let path: String
    let byteLimit: Int
    let database: DatabasePool
    private let now: @Sendable () -> Int64

    /// Opens a cache, and makes it if there is none.
    ///
    /// - Throws: ``HubError`` of the kind `cache`, which names the file.
    public convenience init(path: String, byteLimit: Int = defaultByteLimit) throws {
        try self.init(path: path, byteLimit: byteLimit, now: { Int64(Date().timeIntervalSince1970 * 1e6) })
    }

    /// - Parameter now: Microseconds since 1970; decides which vectors have been used last.
    package init(path: String, byteLimit: Int, now: @escaping @Sendable () -> Int64) throws {
        self.path = path
        self.byteLimit = byteLimit
        self.now = now
        do {
            database = try CacheSchema.open(path)
        } catch {
            throw Self.failure(path, "cannot be opened", error)
        }
    }

    /// The vectors of those texts that it has. Whoever uses them says so with ``markUsed(_:_:)``.
    func vectors(_ digests: [TextDigest], _ source: CacheSource) async throws -> [TextDigest: [Float]] {
        if digests.isEmpty { return [:] }
        do {
            let found = try await database.read { database -> [(TextDigest, [Float])] in
                guard let source = try source.id(database) else { return [] }
                let statement = try database.cachedStatement(
                    sql: """
                        SELECT vector.components FROM text JOIN vector ON vector.id = text.vector
                        WHERE text.source = ? AND text.digest = ?
                        """
                )
                return try digests.compactMap { digest in
                    guard let data = try Data.fetchOne(statement, arguments: [source, digest.bytes]),
                        let vector = VectorBytes.floats(data)
                    else { return nil }
                    return (digest, vector)
                }
            }
            return Dictionary(found) { first, _ in first }
        } catch {
            throw Self.failure(path, "cannot be read", error)
        }
    }

    /// Notes that texts have been used now. Best called for many at once: digests have no order, so a few of them write as many
    /// pages as a few hundred.
    func markUsed(_ digests: [TextDigest], _ source: CacheSource) async throws {
        if digests.isEmpty { return }
        let time = now()
        do {
            try await database.write { database in
                guard let source = try source.id(database) else { return }
                let statement = try database.cachedStatement(
                    sql: "UPDATE text SET used = ? WHERE source = ? AND digest = ?"
                )
                for digest in digests { try statement.execute(arguments: [time, source, digest.bytes]) }
            }
        } catch {
            throw Self.failure(path, "cannot be written", error)
        }
    }

    /// Commits the vectors of an answer, and drops the ones used longest ago if there are too many.
    func store(_ answer: EmbeddingAnswer, of digests: [TextDigest], _ source: CacheSource) async throws {
        let time = now()
        do {
            try await database.write { [byteLimit] database in
                let source = try source.insertedID(database)
                let exists = try database.cachedStatement(sql: "SELECT 1 FROM text WHERE source = ? AND digest = ?")
                let insertVector = try database.cachedStatement(sql: "INSERT INTO vector (components) VALUES (?)")
                let insertText = try database.cachedStatement(
                    sql: "INSERT INTO text (source, digest, vector, bytes, used) VALUES (?, ?, ?, ?, ?)"
                )
                var added = 0
                for (i, digest) in digests.enumerated() {
                    // Another process may have asked for the same text meanwhile.
                    if try Int.fetchOne(exists, arguments: [source, digest.bytes]) != nil { continue }
                    let components = answer.values[i * answer.dimension..<(i + 1) * answer.dimension]
                    let bytes = VectorBytes.data(components)
                    try insertVector.execute(arguments: [bytes])
                    try insertText.execute(
                        arguments: [source, digest.bytes, database.lastInsertedRowID, bytes.count, time]
                    )
                    added += bytes.count
                }
                try CacheSchema.addBytes(added, database)
                try CacheSchema.evict(to: byteLimit, database)
            }
        } catch {
            throw Self.failure(path, "cannot be written", error)
        }
    }

    static func failure(_ path: String, _ what: String, _ error: any Error) -> HubError {
        if let error = error as? HubError { return error }
        if error is CancellationError { return HubError(.cache, "the cache \(path) \(what): interrupted") }
        guard let error = error as? DatabaseError else {
            return HubError(.cache, "the cache \(path) \(what): \(error)")
        }
        let isDamaged = [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode)
        return HubError(
            isDamaged ? .damagedCache : .cache,
            "the cache \(path) \(what): \(error.message ?? "SQLite error \(error.resultCode.rawValue)")"
                + (isDamaged ? "; 'simile cache clear' removes it" : "")
        )
    }
}

/// A service, a model and the dimensions asked for: vectors of one source can be compared.
struct CacheSource: Sendable {
    let address: String
    let target: EmbeddingTarget

    init(_ endpoint: HubEndpoint, _ target: EmbeddingTarget) {
        address = endpoint.base
        self.target = target
    }

    func id(_ database: Database) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT id FROM source WHERE address = ? AND model = ? AND dimensions = ?"),
            arguments: [address, target.model, target.dimensions ?? 0]
        )
    }

    func insertedID(_ database: Database) throws -> Int64 {
        if let id = try id(database) { return id }
        try database.execute(
            sql: "INSERT INTO source (address, model, dimensions) VALUES (?, ?, ?)",
            arguments: [address, target.model, target.dimensions ?? 0]
        )
        return database.lastInsertedRowID
    }
}

/// Components as they are stored: little-endian floats.
enum VectorBytes {
    static func data(_ components: ArraySlice<Float>) -> Data {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * components.count)
        for component in components {
            let bits = component.bitPattern
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 24))
        }
        return Data(bytes)
    }

    /// Nil for bytes that are no vector; the text is then asked for again.
    static func floats(_ data: Data) -> [Float]? {
        let bytes = data.span
        guard bytes.count > 0, bytes.count % 4 == 0 else { return nil }
        var floats: [Float] = []
        floats.reserveCapacity(bytes.count / 4)
        for i in stride(from: 0, to: bytes.count, by: 4) {
            let low = UInt32(bytes[i]) | UInt32(bytes[i + 1]) << 8
            let high = UInt32(bytes[i + 2]) << 16 | UInt32(bytes[i + 3]) << 24
            let value = Float(bitPattern: low | high)
            guard value.isFinite else { return nil }
            floats.append(value)
        }
        return floats
    }
}
#endif
