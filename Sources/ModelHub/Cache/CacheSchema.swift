// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import HubLibraries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The tables of the cache, and what keeps its size.
///
/// `vector` holds the blobs and nothing else, so that marking a text as used does not write its vector again.
enum CacheSchema {
    private static let version = 1

    /// Opens a file for writing, and makes its tables if it has none. A file that has them is not written, so it opens whoever holds it.
    ///
    /// Processes that open a new file at the same moment may find it locked at once: SQLite does not wait where waiting could be
    /// for ever. They try again for ten seconds.
    static func open(
        _ path: String,
        _ busySeconds: Double,
        whenWaiting: @escaping @Sendable () -> Void
    ) throws -> SQLiteConnection {
        let begin = ContinuousClock.now
        while true {
            do {
                let database = try SQLiteConnection(
                    path: path,
                    .writing,
                    busySeconds: busySeconds,
                    whenWaiting: whenWaiting
                )
                try migrate(database)
                // With a write-ahead log this survives any end of the process; a power cut may undo the last answers.
                try database.execute("PRAGMA synchronous = NORMAL")
                return database
            } catch let error as SQLiteError where error.isBusy && ContinuousClock.now - begin < .seconds(10) {
                usleep(20_000)
            }
        }
    }

    /// Opens a file that is there for reading alone.
    static func openReader(
        _ path: String,
        _ busySeconds: Double,
        whenWaiting: @escaping @Sendable () -> Void
    ) throws -> SQLiteConnection {
        try SQLiteConnection(path: path, .reading, busySeconds: busySeconds, whenWaiting: whenWaiting)
    }

    private static func migrate(_ database: SQLiteConnection) throws {
        if try isCurrent(database) { return }
        // Before there is a table, so that clearing gives space back.
        try database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        // Readers and one writer do not wait for each other.
        try database.execute("PRAGMA journal_mode = WAL")
        try database.transaction { database in
            // Another process may have made them meanwhile.
            if try isCurrent(database) { return }
            try database.executeScript(
                """
                CREATE TABLE source (
                    id INTEGER PRIMARY KEY, address TEXT NOT NULL, model TEXT NOT NULL, dimensions INTEGER NOT NULL,
                    UNIQUE (address, model, dimensions));
                CREATE TABLE vector (id INTEGER PRIMARY KEY, components BLOB NOT NULL);
                CREATE TABLE text (
                    source INTEGER NOT NULL, digest BLOB NOT NULL, vector INTEGER NOT NULL, bytes INTEGER NOT NULL,
                    used INTEGER NOT NULL, PRIMARY KEY (source, digest)) WITHOUT ROWID;
                CREATE TABLE total (bytes INTEGER NOT NULL);
                INSERT INTO total VALUES (0);
                PRAGMA user_version = \(version);
                """
            )
        }
    }

    /// Whether the tables are there.
    private static func isCurrent(_ database: SQLiteConnection) throws -> Bool {
        let found = try database.first("PRAGMA user_version") { $0.integer(0) } ?? 0
        guard found == 0 || found == version else {
            throw HubError(.cache, "the cache has format \(found); this version reads format \(version)")
        }
        return found == version
    }

    /// Where it is noted what the server calls a model: a later addition, of which versions that do not know it take no notice.
    static func makeServedTable(_ database: SQLiteConnection) throws {
        try database.execute("CREATE TABLE IF NOT EXISTS served (source INTEGER PRIMARY KEY, model TEXT NOT NULL)")
    }

    /// What the server called the model of a source when its first vectors came; nil if it did not say.
    static func servedModel(_ name: String?, _ source: Int, _ database: SQLiteConnection) throws -> String? {
        try makeServedTable(database)
        let known = try database.first("SELECT model FROM served WHERE source = ?", .integer(source)) { $0.text(0) }
        if known == nil, let name {
            try database.execute(
                "INSERT INTO served (source, model) VALUES (?, ?)",
                .integer(source),
                .text(name)
            )
        }
        return known
    }

    static func addBytes(_ count: Int, _ database: SQLiteConnection) throws {
        if count != 0 { try database.execute("UPDATE total SET bytes = bytes + ?", .integer(count)) }
    }

    static func totalBytes(_ database: SQLiteConnection) throws -> Int {
        try database.first("SELECT bytes FROM total") { $0.integer(0) } ?? 0
    }

    /// Drops the vectors used longest ago until the rest takes nine tenths of the limit, if it takes more than the limit now.
    ///
    /// Sorts all entries by their use: once for a tenth of the limit. An index would cost more at every use.
    static func evict(to limit: Int, _ database: SQLiteConnection) throws {
        let total = try totalBytes(database)
        if total <= limit { return }
        let goal = limit / 10 * 9
        var doomed: [(source: Int, digest: [UInt8], vector: Int)] = []
        var dropped = 0
        try database.forEach("SELECT source, digest, vector, bytes FROM text ORDER BY used") { row in
            guard total - dropped > goal else { return false }
            doomed.append((row.integer(0), row.blob(1), row.integer(2)))
            dropped += row.integer(3)
            return true
        }
        for entry in doomed {
            try database.execute("DELETE FROM vector WHERE id = ?", .integer(entry.vector))
            try database.execute(
                "DELETE FROM text WHERE source = ? AND digest = ?",
                .integer(entry.source),
                .blob(entry.digest)
            )
        }
        try addBytes(-dropped, database)
    }
}
#endif
