// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials
internal import HubLibraries
internal import Synchronization
internal import System

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
    /// One writer, and one reader that never waits for it.
    let writer: SQLiteQueue
    let reader: SQLiteQueue
    private let waiting: WaitingNotice
    private let now: @Sendable () -> Int

    /// Opens a cache, and makes it if there is none.
    ///
    /// - Throws: ``HubError`` of the kind `cache`, which names the file.
    public convenience init(path: String, byteLimit: Int = defaultByteLimit) throws {
        try self.init(path: path, byteLimit: byteLimit, now: { Int(Date().timeIntervalSince1970 * 1e6) })
    }

    /// - Parameters:
    ///   - now: Microseconds since 1970; decides which vectors have been used last.
    ///   - busySeconds: How long a call waits for another process that holds the file. Others hold it for milliseconds; on a slow disk
    ///     for longer.
    package init(path: String, byteLimit: Int, busySeconds: Double = 30, now: @escaping @Sendable () -> Int) throws {
        self.path = path
        self.byteLimit = byteLimit
        self.now = now
        let waiting = WaitingNotice()
        self.waiting = waiting
        do {
            writer = SQLiteQueue(
                try CacheSchema.open(path, busySeconds, whenWaiting: waiting.tell),
                name: "simile.cache.writer"
            )
            reader = SQLiteQueue(
                try CacheSchema.openReader(path, busySeconds, whenWaiting: waiting.tell),
                name: "simile.cache.reader"
            )
        } catch {
            throw Self.failure(path, "cannot be opened", error)
        }
    }

    /// Has a call told that waits for two seconds because another process holds the file.
    package func whenWaiting(_ tell: @escaping @Sendable () -> Void) { waiting.set(tell) }

    /// The vectors of those texts that it has. Whoever uses them says so with ``markUsed(_:_:)``.
    func vectors(_ digests: [TextDigest], _ source: CacheSource) async throws -> [TextDigest: [Float]] {
        if digests.isEmpty { return [:] }
        do {
            let found = try await reader.run { database -> [(TextDigest, [Float])] in
                guard let source = try source.id(database) else { return [] }
                var found: [(TextDigest, [Float])] = []
                for digest in digests {
                    let bytes = try database.first(
                        """
                        SELECT vector.components FROM text JOIN vector ON vector.id = text.vector
                        WHERE text.source = ? AND text.digest = ?
                        """,
                        .integer(source),
                        .blob(digest.bytes)
                    ) { $0.blob(0) }
                    if let bytes, let vector = VectorBytes.floats(bytes) { found.append((digest, vector)) }
                }
                return found
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
            try await writer.run { database in
                try database.transaction { database in
                    guard let source = try source.id(database) else { return }
                    for digest in digests {
                        try database.execute(
                            "UPDATE text SET used = ? WHERE source = ? AND digest = ?",
                            .integer(time),
                            .integer(source),
                            .blob(digest.bytes)
                        )
                    }
                }
            }
        } catch {
            throw Self.failure(path, "cannot be written", error)
        }
    }

    /// Commits the vectors of an answer that can be used, and drops the ones used longest ago if there are too many. A vector that is there
    /// already is kept, unless its bytes are none.
    ///
    /// - Returns: What the server called the model when the first vectors of this source came, if it said.
    func store(_ answer: EmbeddingAnswer, of digests: [TextDigest], _ source: CacheSource) async throws -> String? {
        let time = now()
        do {
            return try await writer.run { [byteLimit] database in
                try database.transaction { database in
                    let source = try source.insertedID(database)
                    let served = try CacheSchema.servedModel(answer.model, source, database)
                    var added = 0
                    for (i, digest) in digests.enumerated() where answer.unusable[i] == nil {
                        // Another process may have asked for the same text meanwhile.
                        if let entry = try CacheEntry(source, digest, database) {
                            if entry.isReadable { continue }
                            try entry.remove(database)
                            added -= entry.byteCount
                        }
                        let bytes = VectorBytes.bytes(
                            answer.values[i * answer.dimension..<(i + 1) * answer.dimension]
                        )
                        try database.execute("INSERT INTO vector (components) VALUES (?)", .blob(bytes))
                        try database.execute(
                            "INSERT INTO text (source, digest, vector, bytes, used) VALUES (?, ?, ?, ?, ?)",
                            .integer(source),
                            .blob(digest.bytes),
                            .integer(Int(database.lastInsertedRow)),
                            .integer(bytes.count),
                            .integer(time)
                        )
                        added += bytes.count
                    }
                    try CacheSchema.addBytes(added, database)
                    try CacheSchema.evict(to: byteLimit, database)
                    return served
                }
            }
        } catch {
            throw Self.failure(path, "cannot be written", error)
        }
    }

    static func failure(_ path: String, _ what: String, _ error: any Error) -> HubError {
        if let error = error as? HubError { return error }
        if error is CancellationError { return HubError(.cache, "the cache \(path) \(what): interrupted") }
        if let missing = error as? SystemLibraries.Missing {
            return HubError(.missingLibrary, missing.description)
        }
        guard let error = error as? SQLiteError else {
            return HubError(.cache, "the cache \(path) \(what): \(error)")
        }
        if error.isBusy {
            return HubError(.cache, "the cache \(path) \(what): another process holds it (\(error.message))")
        }
        return HubError(
            error.isDamaged ? .damagedCache : .cache,
            "the cache \(path) \(what): \(error.message)"
        )
    }
}

/// Whom a call tells that has to wait for another process.
private final class WaitingNotice: Sendable {
    private let listener = Mutex<(@Sendable () -> Void)?>(nil)

    func set(_ tell: @escaping @Sendable () -> Void) { listener.withLock { $0 = tell } }

    @Sendable func tell() { listener.withLock { $0 }?() }
}

/// A service, a model and the dimensions asked for: vectors of one source can be compared.
struct CacheSource: Sendable {
    let address: String
    let target: EmbeddingTarget

    init(_ endpoint: HubEndpoint, _ target: EmbeddingTarget) {
        address = endpoint.base
        self.target = target
    }

    func id(_ database: SQLiteConnection) throws -> Int? {
        try database.first(
            "SELECT id FROM source WHERE address = ? AND model = ? AND dimensions = ?",
            .text(address),
            .text(target.model),
            .integer(target.dimensions ?? 0)
        ) { $0.integer(0) }
    }

    func insertedID(_ database: SQLiteConnection) throws -> Int {
        if let id = try id(database) { return id }
        try database.execute(
            "INSERT INTO source (address, model, dimensions) VALUES (?, ?, ?)",
            .text(address),
            .text(target.model),
            .integer(target.dimensions ?? 0)
        )
        return Int(database.lastInsertedRow)
    }
}

/// What the cache has of a text.
private struct CacheEntry {
    let source: Int
    let digest: TextDigest
    let vector: Int
    /// As they are counted.
    let byteCount: Int
    /// Whether its bytes are a vector.
    let isReadable: Bool

    /// Nil if there is nothing.
    init?(_ source: Int, _ digest: TextDigest, _ database: SQLiteConnection) throws {
        let found = try database.first(
            """
            SELECT text.vector, text.bytes, vector.components FROM text LEFT JOIN vector ON vector.id = text.vector
            WHERE text.source = ? AND text.digest = ?
            """,
            .integer(source),
            .blob(digest.bytes)
        ) { ($0.integer(0), $0.integer(1), VectorBytes.floats($0.blob(2)) != nil) }
        guard let found else { return nil }
        self.source = source
        self.digest = digest
        (vector, byteCount, isReadable) = found
    }

    func remove(_ database: SQLiteConnection) throws {
        try database.execute("DELETE FROM vector WHERE id = ?", .integer(vector))
        try database.execute(
            "DELETE FROM text WHERE source = ? AND digest = ?",
            .integer(source),
            .blob(digest.bytes)
        )
    }
}

/// Components as they are stored: little-endian floats.
enum VectorBytes {
    static func bytes(_ components: ArraySlice<Float>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * components.count)
        bytes.append(littleEndian: components)
        return bytes
    }

    /// Nil for bytes that are no vector; the text is then asked for again.
    static func floats(_ bytes: [UInt8]) -> [Float]? {
        guard bytes.count > 0, bytes.count % 4 == 0 else { return nil }
        var floats: [Float] = []
        floats.reserveCapacity(bytes.count / 4)
        for i in stride(from: 0, to: bytes.count, by: 4) {
            let value = Float(bitPattern: bytes.span.integer(at: i))
            guard value.isFinite else { return nil }
            floats.append(value)
        }
        return floats
    }
}
#endif
