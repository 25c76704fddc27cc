import CSQLite

extension Statement {
    /// Whether a column of the row is NULL.
    public func isNull(at column: Int32) -> Bool {
        sqlite3_column_type(row, column) == SQLITE_NULL
    }

    /// A column of the row as an integer; 0 if it is NULL or no number.
    public func int64(at column: Int32) -> Int64 {
        sqlite3_column_int64(row, column)
    }

    /// A column of the row as an integer; `nil` if it is NULL.
    public func optionalInt64(at column: Int32) -> Int64? {
        isNull(at: column) ? nil : int64(at: column)
    }

    /// A column of the row as a text; empty if it is NULL, with bytes that are not UTF-8 replaced.
    public func text(at column: Int32) -> String {
        withUTF8(at: column) { String(decoding: $0, as: UTF8.self) }
    }

    /// A column of the row as a text; `nil` if it is NULL.
    public func optionalText(at column: Int32) -> String? {
        isNull(at: column) ? nil : text(at: column)
    }

    /// A copy of a column of the row as bytes; empty if it is NULL.
    public func blob(at column: Int32) -> [UInt8] {
        withBlob(at: column) { [UInt8]($0) }
    }

    /// Lends the UTF-8 bytes of a text column, which stay valid within the body only.
    public func withUTF8<Value>(
        at column: Int32,
        _ body: (UnsafeBufferPointer<UInt8>) -> Value
    ) -> Value {
        let start = sqlite3_column_text(row, column)
        let count = Int(sqlite3_column_bytes(row, column))
        return body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    /// Lends the bytes of a blob column, which stay valid within the body only.
    public func withBlob<Value, Failure: Error>(
        at column: Int32,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let start = sqlite3_column_blob(row, column)
        let count = Int(sqlite3_column_bytes(row, column))
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}
