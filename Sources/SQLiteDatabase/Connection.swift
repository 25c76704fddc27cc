import CSQLite

/// A connection to a database; not to be shared between threads at one time.
///
/// It is not Sendable: it lives inside a ``SharedConnection`` or a ``ConnectionPool``, or with the
/// one thread that made it. A writer never waits for readers nor they for it (WAL). A commit is
/// not flushed by itself (`synchronous=NORMAL`): after a power loss the database is consistent, at
/// some earlier commit.
public final class Connection {
    private let database: DatabaseHandle
    /// The C handle, for the extensions of this module.
    var databasePointer: OpaquePointer { database.pointer }
    private var cache: [StatementText: Statement] = [:]
    /// Statements kept by ``statement(_:)``; a program has a fixed number of them.
    private static let cachedMax = 256

    /// Opens a database.
    ///
    /// - Throws: ``SQLiteError``: `.cannotOpen`, `.notADatabase`, …
    public init(path: String, _ configuration: ConnectionConfiguration) throws(SQLiteError) {
        let mode =
            switch configuration.access {
            case .readWrite: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly: SQLITE_OPEN_READONLY
            }
        database = try DatabaseHandle(path: path, flags: mode | SQLITE_OPEN_NOMUTEX)
        sqlite3_busy_timeout(database.pointer, configuration.busyTimeoutMilliseconds)
        if configuration.access == .readWrite {
            // Making a new file a WAL database goes through a rollback journal and four flushes,
            // which protect nothing yet: a file that a crash leaves half made is empty or no
            // database, and whoever opens it says so.
            try execute("PRAGMA synchronous=OFF")
            switch configuration.journal {
            case .writeAhead:
                try execute("PRAGMA journal_mode=WAL")
                try execute("PRAGMA synchronous=NORMAL")
            case .none: try execute("PRAGMA journal_mode=OFF")
            }
        }
        try execute("PRAGMA cache_size=-\(configuration.cacheKibibytes)")
        // No memory map: each commit of another connection takes it down, and building it up again costs
        // a look-up 46 µs instead of 14 (350 MB, PUT and GET in turns); and a disk that fails to read a
        // page of it ends the process.
        try execute("PRAGMA mmap_size=0")
        try execute("PRAGMA temp_store=MEMORY")
        switch configuration.checkpoints {
        case .automatic(let pages): try execute("PRAGMA wal_autocheckpoint=\(pages)")
        case .byOwner: try execute("PRAGMA wal_autocheckpoint=0")
        }
    }

    /// Compiles a statement that the caller keeps.
    public func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        try Statement(database, sql: sql)
    }

    /// The statement of a text, compiled once per connection.
    ///
    /// It comes back reset and without bindings. One that is being stepped through must not be
    /// asked for again before its end; nested use of one text takes ``prepare(_:)``.
    public func statement(_ sql: String) throws(SQLiteError) -> Statement {
        let text = StatementText(sql)
        if let statement = cache[text] {
            statement.reset()
            return statement
        }
        let statement = try prepare(sql)
        if cache.count >= Self.cachedMax { cache.removeAll() }
        cache[text] = statement
        return statement
    }

    /// Runs a text of one or more statements without parameters and drops their rows.
    public func execute(_ sql: String) throws(SQLiteError) {
        let status = sqlite3_exec(database.pointer, sql, nil, nil, nil)
        guard status == SQLITE_OK else {
            throw SQLiteError(database.pointer, status: status, sql: sql)
        }
    }

    /// How many rows the last statement inserted, changed or deleted.
    public var changedRows: Int64 { sqlite3_changes64(database.pointer) }

    /// Whether a transaction is open.
    public var isInTransaction: Bool { sqlite3_get_autocommit(database.pointer) == 0 }
}

/// The open database behind a connection and its statements; closed when the last of them goes.
final class DatabaseHandle {
    let pointer: OpaquePointer

    /// Settled once, before the process first opens a database.
    private static let isMemoryUncounted = nave_sqlite_without_memory_status() == SQLITE_OK

    init(path: String, flags: Int32) throws(SQLiteError) {
        // Without it everything works as well, only slower.
        _ = Self.isMemoryUncounted
        var opened: OpaquePointer?
        let status = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_EXRESCODE, nil)
        guard status == SQLITE_OK, let opened else {
            let error = SQLiteError(opened, status: status, sql: path)
            sqlite3_close_v2(opened)
            throw error
        }
        pointer = opened
    }

    deinit {
        sqlite3_close_v2(pointer)
    }
}
