// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import GRDB

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

    /// Opens a file, and makes its tables if it has none.
    ///
    /// Processes that open a new file at the same moment may find it locked at once: SQLite does not wait where waiting could be
    /// for ever. They try again for ten seconds.
    static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        // Other processes hold the file for milliseconds; on a slow disk for longer.
        configuration.busyMode = .timeout(60)
        configuration.prepareDatabase { database in
            if database.configuration.readonly { return }
            // So that clearing gives space back; without effect on a file that has tables.
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            // With a write-ahead log this survives any end of the process; a power cut may undo the last answers.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        for _ in 0..<500 {
            do {
                let pool = try DatabasePool(path: path, configuration: configuration)
                try migrate(pool)
                return pool
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                usleep(20_000)
            }
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try migrate(pool)
        return pool
    }

    private static func migrate(_ pool: DatabasePool) throws {
        try pool.write { database in
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            if found == version { return }
            guard found == 0 else {
                throw HubError(.cache, "the cache has format \(found); this version reads format \(version)")
            }
            try database.execute(
                sql: """
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

    static func addBytes(_ count: Int, _ database: Database) throws {
        if count != 0 { try database.execute(sql: "UPDATE total SET bytes = bytes + ?", arguments: [count]) }
    }

    static func totalBytes(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT bytes FROM total") ?? 0
    }

    /// Drops the vectors used longest ago until the rest takes nine tenths of the limit, if it takes more than the limit now.
    ///
    /// Sorts all entries by their use: once for a tenth of the limit. An index would cost more at every use.
    static func evict(to limit: Int, _ database: Database) throws {
        var total = try totalBytes(database)
        if total <= limit { return }
        let goal = limit / 10 * 9
        var doomed: [(source: Int64, digest: DatabaseValue, vector: Int64, bytes: Int)] = []
        let oldest = try Row.fetchCursor(database, sql: "SELECT source, digest, vector, bytes FROM text ORDER BY used")
        while total > goal, let row = try oldest.next() {
            doomed.append((row["source"], row["digest"], row["vector"], row["bytes"]))
            total -= row["bytes"]
        }
        for entry in doomed {
            try database.execute(sql: "DELETE FROM vector WHERE id = ?", arguments: [entry.vector])
            try database.execute(
                sql: "DELETE FROM text WHERE source = ? AND digest = ?",
                arguments: [entry.source, entry.digest]
            )
        }
        try addBytes(-doomed.reduce(0) { $0 + $1.bytes }, database)
    }
}
#endif
