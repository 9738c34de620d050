// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import CHubLibraries

/// A value that is bound to a statement.
package enum SQLiteValue: Sendable {
    case null
    case integer(Int)
    case text(String)
    case blob([UInt8])
}

/// The row that a query stands on; columns are counted from 0.
@safe package struct SQLiteRow: ~Copyable {
    fileprivate let statement: OpaquePointer

    package func integer(_ column: Int32) -> Int {
        Int(unsafe simile_sqlite().pointee.sqlite3_column_int64(statement, column))
    }

    /// Empty for NULL.
    package func text(_ column: Int32) -> String {
        guard let text = unsafe simile_sqlite().pointee.sqlite3_column_text(statement, column) else { return "" }
        return unsafe String(cString: text)
    }

    /// Empty for NULL.
    package func blob(_ column: Int32) -> [UInt8] {
        // In this order: the count is that of the bytes that the first call gives.
        guard let bytes = unsafe simile_sqlite().pointee.sqlite3_column_blob(statement, column) else { return [] }
        let count = unsafe simile_sqlite().pointee.sqlite3_column_bytes(statement, column)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }
}

/// A prepared statement.
@safe final class SQLiteStatement {
    /// Tells SQLite to copy what is bound: `SQLITE_TRANSIENT`, a macro that Swift does not see.
    private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type?.self)

    private let statement: OpaquePointer
    private let database: OpaquePointer

    init(_ statement: OpaquePointer, of database: OpaquePointer) {
        unsafe self.statement = statement
        unsafe self.database = database
    }

    deinit { _ = unsafe simile_sqlite().pointee.sqlite3_finalize(statement) }

    /// Runs it and calls `visit` with each row until that returns false.
    func run(
        _ values: [SQLiteValue],
        visit: (borrowing SQLiteRow) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        let functions = unsafe simile_sqlite().pointee
        defer {
            // Whatever `step` has said, it says once more; the statement is ready again either way.
            _ = unsafe functions.sqlite3_reset(statement)
            _ = unsafe functions.sqlite3_clear_bindings(statement)
        }
        for (i, value) in values.enumerated() { try bind(value, at: Int32(i + 1)) }
        let row = unsafe SQLiteRow(statement: statement)
        while true {
            let code = unsafe functions.sqlite3_step(statement)
            switch code {
            case SQLITE_ROW: if try !visit(row) { return }
            case SQLITE_DONE: return
            default: throw error(code)
            }
        }
    }

    private func bind(_ value: SQLiteValue, at place: Int32) throws(SQLiteError) {
        let functions = unsafe simile_sqlite().pointee
        let code: Int32
        switch value {
        // Whatever no value is bound to is NULL.
        case .null: code = SQLITE_OK
        case .integer(let number): code = unsafe functions.sqlite3_bind_int64(statement, place, Int64(number))
        case .text(var text):
            code = text.withUTF8 { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                    let (start, count) = (bytes.baseAddress, UInt64(bytes.count))
                    let encoding = UInt8(SQLITE_UTF8)
                    return unsafe functions.sqlite3_bind_text64(statement, place, start, count, Self.copied, encoding)
                }
            }
        case .blob(let blob):
            code = unsafe blob.withUnsafeBytes { bytes in
                let (start, count) = (bytes.baseAddress, UInt64(bytes.count))
                return unsafe functions.sqlite3_bind_blob64(statement, place, start, count, Self.copied)
            }
        }
        if code != SQLITE_OK { throw error(code) }
    }

    private func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code & 0xFF, message: unsafe SQLiteConnection.message(of: database))
    }
}
#endif
