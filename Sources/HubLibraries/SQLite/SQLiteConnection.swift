// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import CHubLibraries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What SQLite says is wrong.
package struct SQLiteError: Error, Sendable {
    /// The primary result code, e.g. 5 (`SQLITE_BUSY`).
    package let code: Int32
    package let message: String

    /// Another process or connection holds the file.
    package var isBusy: Bool { code == SQLITE_BUSY }
    /// The file is no database, or a broken one.
    package var isDamaged: Bool { code == SQLITE_NOTADB || code == SQLITE_CORRUPT }
    /// The file or its folder cannot be written.
    package var isReadOnly: Bool { code == SQLITE_READONLY || code == SQLITE_CANTOPEN }
}

/// A connection to a database file. Statements are prepared once and kept; values are bound, never part of a statement. Used by one
/// thread at a time.
@safe package final class SQLiteConnection {
    /// How an open file may be used.
    package enum Access {
        case reading
        /// The file is made if it is not there.
        case writing
    }

    private let database: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]
    /// Kept at one address for the busy handler.
    private let patience: Patience

    /// - Parameters:
    ///   - seconds: How long a call waits for a file that somebody else holds before it is an error.
    ///   - whenWaiting: Called once a wait, two seconds into it.
    /// - Throws: ``SQLiteError``, or ``SystemLibraries/Missing``.
    package init(
        path: String,
        _ access: Access,
        busySeconds seconds: Double,
        whenWaiting: @escaping @Sendable () -> Void
    ) throws {
        try SystemLibraries.sqlite.get()
        let functions = unsafe simile_sqlite().pointee
        var opened: OpaquePointer?
        let flags = access == .reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = unsafe functions.sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let database = unsafe opened else {
            let message = unsafe opened.map { unsafe Self.message(of: $0) } ?? "there is no memory for it"
            _ = unsafe functions.sqlite3_close_v2(opened)
            throw SQLiteError(code: code & 0xFF, message: message)
        }
        unsafe self.database = database
        patience = Patience(seconds: seconds, whenWaiting: whenWaiting)
        let context = unsafe Unmanaged.passUnretained(patience).toOpaque()
        _ = unsafe functions.sqlite3_busy_handler(
            database,
            { context, count in
                guard let context = unsafe context else { return 0 }
                return unsafe Unmanaged<Patience>.fromOpaque(context).takeUnretainedValue().waits(again: count) ? 1 : 0
            },
            context
        )
    }

    deinit {
        statements = [:]
        _ = unsafe simile_sqlite().pointee.sqlite3_close_v2(database)
    }

    /// The row number of the last row that was inserted.
    package var lastInsertedRow: Int64 { unsafe simile_sqlite().pointee.sqlite3_last_insert_rowid(database) }

    /// Runs a statement that gives no rows, or whose rows nobody needs.
    package func execute(_ sql: String, _ values: SQLiteValue...) throws(SQLiteError) {
        try statement(sql).run(values) { _ throws(SQLiteError) in true }
    }

    /// The first row of a query, or nil if there is none.
    package func first<T>(
        _ sql: String,
        _ values: SQLiteValue...,
        read: (borrowing SQLiteRow) -> T
    ) throws(SQLiteError) -> T? {
        var found: T?
        try statement(sql).run(values) { row throws(SQLiteError) in
            found = read(row)
            return false
        }
        return found
    }

    /// Calls `visit` with every row of a query until it returns false.
    package func forEach(
        _ sql: String,
        _ values: SQLiteValue...,
        visit: (borrowing SQLiteRow) -> Bool
    ) throws(SQLiteError) {
        try statement(sql).run(values) { row throws(SQLiteError) in visit(row) }
    }

    /// Runs several statements at once, without values, such as those that make tables.
    package func executeScript(_ sql: String) throws(SQLiteError) {
        try check(unsafe simile_sqlite().pointee.sqlite3_exec(database, sql, nil, nil, nil))
    }

    /// All or nothing of what `body` writes. The file is held from the start, so that two who read before they write do not stand in
    /// each other's way.
    package func transaction<T>(_ body: (SQLiteConnection) throws -> T) throws -> T {
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body(self)
            try execute("COMMIT")
            return result
        } catch {
            // A full disk may have ended the transaction already.
            try? execute("ROLLBACK")
            throw error
        }
    }

    private func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        if let statement = statements[sql] { return statement }
        var prepared: OpaquePointer?
        let persistent = UInt32(SQLITE_PREPARE_PERSISTENT)
        try check(unsafe simile_sqlite().pointee.sqlite3_prepare_v3(database, sql, -1, persistent, &prepared, nil))
        guard let prepared = unsafe prepared else { throw SQLiteError(code: SQLITE_MISUSE, message: "no statement") }
        let statement = unsafe SQLiteStatement(prepared, of: database)
        statements[sql] = statement
        return statement
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        if code != SQLITE_OK { throw SQLiteError(code: code & 0xFF, message: unsafe Self.message(of: database)) }
    }

    static func message(of database: OpaquePointer) -> String {
        unsafe simile_sqlite().pointee.sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? "unknown"
    }
}

/// How long a connection waits for others.
private final class Patience {
    private static let step = 10_000
    private let stepCount: Int
    private let whenWaiting: @Sendable () -> Void

    init(seconds: Double, whenWaiting: @escaping @Sendable () -> Void) {
        stepCount = Int(min(max(seconds, 0), 86_400) * 1e6) / Self.step
        self.whenWaiting = whenWaiting
    }

    /// - Parameter count: Waits before this one, for the same lock.
    func waits(again count: Int32) -> Bool {
        if count == 2_000_000 / Self.step { whenWaiting() }
        guard count < stepCount else { return false }
        usleep(UInt32(Self.step))
        return true
    }
}
#endif
