import CSQLite

/// A compiled statement: bind the parameters, step through the rows, read the columns.
///
/// It belongs to its connection's thread. Parameters count from 1 and columns from 0, as SQLite
/// counts them; a number that the statement does not have is a mistake of the program and traps.
/// Columns may be read only while the last ``step()`` said true.
///
///     let find = try connection.statement("SELECT value FROM pair WHERE key = ?1")
///     try find.bind("a", at: 1)
///     while try find.step() { use(find.int64(at: 0)) }
public final class Statement {
    /// The text it was compiled from.
    public let sql: String
    private let database: DatabaseHandle
    private let pointer: OpaquePointer
    /// The C handle, for the columns of the current row.
    var row: OpaquePointer { pointer }
    private let parameterCount: Int32

    init(_ database: DatabaseHandle, sql: String) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let status = sqlite3_prepare_v3(
            database.pointer,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &prepared,
            nil
        )
        guard status == SQLITE_OK, let prepared else {
            throw SQLiteError(database.pointer, status: status, sql: sql)
        }
        self.database = database
        self.sql = sql
        pointer = prepared
        parameterCount = sqlite3_bind_parameter_count(prepared)
    }

    deinit {
        sqlite3_finalize(pointer)
    }

    // MARK: - Running

    /// Goes to the next row; false when there are no more, and the statement is then reset.
    public func step() throws(SQLiteError) -> Bool {
        let status = sqlite3_step(pointer)
        if status == SQLITE_ROW { return true }
        guard status == SQLITE_DONE else {
            let error = SQLiteError(database.pointer, status: status, sql: sql)
            sqlite3_reset(pointer)
            throw error
        }
        sqlite3_reset(pointer)
        return false
    }

    /// Runs the statement to its end and drops its rows.
    public func run() throws(SQLiteError) {
        while try step() {}
    }

    /// Goes back to before the first row and forgets the parameters' values.
    public func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    /// Goes back to before the first row and keeps the parameters' values.
    ///
    /// A statement that was left before its last row must be rewound or reset, or it holds its
    /// snapshot of the database.
    public func rewind() {
        sqlite3_reset(pointer)
    }

    // MARK: - Parameters

    /// Sets a parameter to an integer.
    public func bind(_ value: Int64, at index: Int32) throws(SQLiteError) {
        try check(sqlite3_bind_int64(pointer, index, value), index)
    }

    /// Sets a parameter to an integer, or to NULL.
    public func bind(_ value: Int64?, at index: Int32) throws(SQLiteError) {
        guard let value else { return try bindNull(at: index) }
        try bind(value, at: index)
    }

    /// Sets a parameter to a text; its UTF-8 bytes are copied once, by SQLite.
    public func bind(_ text: String, at index: Int32) throws(SQLiteError) {
        var text = text
        let status = text.withUTF8 { bytes in
            Self.bindText(pointer, index, UnsafeRawBufferPointer(bytes))
        }
        try check(status, index)
    }

    /// Sets a parameter to a text, or to NULL.
    public func bind(_ text: String?, at index: Int32) throws(SQLiteError) {
        guard let text else { return try bindNull(at: index) }
        try bind(text, at: index)
    }

    /// Sets a parameter to a text that is given as UTF-8.
    public func bind(utf8 bytes: [UInt8], at index: Int32) throws(SQLiteError) {
        try check(bytes.withUnsafeBytes { Self.bindText(pointer, index, $0) }, index)
    }

    /// Sets a parameter to a blob; the bytes are copied once, by SQLite.
    public func bind(blob bytes: [UInt8], at index: Int32) throws(SQLiteError) {
        try check(bytes.withUnsafeBytes { Self.bindBlob(pointer, index, $0) }, index)
    }

    /// Sets a parameter to a blob; the bytes are copied once, by SQLite.
    public func bind(blob bytes: UnsafeRawBufferPointer, at index: Int32) throws(SQLiteError) {
        try check(Self.bindBlob(pointer, index, bytes), index)
    }

    /// Sets a parameter to NULL.
    public func bindNull(at index: Int32) throws(SQLiteError) {
        try check(sqlite3_bind_null(pointer, index), index)
    }

    private func check(_ status: Int32, _ index: Int32) throws(SQLiteError) {
        precondition((1...parameterCount).contains(index), "\(sql) has the parameter \(index)")
        guard status == SQLITE_OK else {
            throw SQLiteError(database.pointer, status: status, sql: sql)
        }
    }

    // SQLite takes a null pointer for NULL, so a value of no bytes has calls of its own.

    private static func bindText(
        _ statement: OpaquePointer,
        _ index: Int32,
        _ bytes: UnsafeRawBufferPointer
    ) -> Int32 {
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            return sqlite3_bind_text(statement, index, "", 0, copied)
        }
        return sqlite3_bind_text64(
            statement,
            index,
            start.assumingMemoryBound(to: CChar.self),
            UInt64(bytes.count),
            copied,
            UInt8(SQLITE_UTF8)
        )
    }

    private static func bindBlob(
        _ statement: OpaquePointer,
        _ index: Int32,
        _ bytes: UnsafeRawBufferPointer
    ) -> Int32 {
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            return sqlite3_bind_zeroblob(statement, index, 0)
        }
        return sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), copied)
    }
}

/// Tells SQLite to copy bound bytes before the call returns: its `SQLITE_TRANSIENT`, a cast that
/// the importer does not show.
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
