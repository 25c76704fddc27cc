import CSQLite

/// A call to SQLite that failed.
public struct SQLiteError: Error, Hashable, Sendable {
    /// What callers tell apart.
    public enum Code: Hashable, Sendable {
        /// Another connection holds the lock and did not give it back in time.
        case busy
        /// A row breaks a constraint of the schema.
        case constraint
        /// The file, or a page of it, is not what SQLite wrote.
        case corrupt
        /// The file is not a database.
        case notADatabase
        /// The disk is full.
        case outOfSpace
        /// The device failed to read or write.
        case inputOutput
        /// The file cannot be opened.
        case cannotOpen
        /// A write was tried on a read-only connection.
        case readOnly
        /// The work was interrupted.
        case interrupted
        /// A column holds another type than the caller asked for.
        case columnType
        /// Anything else; the extended code says what.
        case other
    }

    /// What callers tell apart.
    public let code: Code
    /// SQLite's extended result code; 0 if the failure was found without a call.
    public let extendedCode: Int32
    /// SQLite's own words, for logs.
    public let message: String
    /// The statement, or the path for a failure to open.
    public let sql: String

    /// Makes an error of its parts.
    public init(_ code: Code, extendedCode: Int32, message: String, sql: String) {
        self.code = code
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    /// Makes an error of what a handle says about its last call.
    init(_ database: OpaquePointer?, status: Int32, sql: String) {
        let extended = database.map { sqlite3_extended_errcode($0) } ?? status
        let words = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(status)
        self.init(
            Code(status: extended),
            extendedCode: extended,
            message: words.map { String(cString: $0) } ?? "",
            sql: sql
        )
    }
}

extension SQLiteError.Code {
    /// The code of a result code, extended or not.
    init(status: Int32) {
        self =
            switch status & 0xff {
            case SQLITE_BUSY, SQLITE_LOCKED: .busy
            case SQLITE_CONSTRAINT: .constraint
            case SQLITE_CORRUPT: .corrupt
            case SQLITE_NOTADB: .notADatabase
            case SQLITE_FULL: .outOfSpace
            case SQLITE_IOERR: .inputOutput
            case SQLITE_CANTOPEN: .cannotOpen
            case SQLITE_READONLY: .readOnly
            case SQLITE_INTERRUPT: .interrupted
            default: .other
            }
    }
}
