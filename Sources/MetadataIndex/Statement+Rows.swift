import SQLiteDatabase

extension Statement {
    /// Reads the first row, if there is one, and leaves the statement ready for its next use.
    func first<Value>(_ read: (Statement) throws(SQLiteError) -> Value)
        throws(SQLiteError) -> Value?
    {
        guard try step() else { return nil }
        defer { rewind() }
        return try read(self)
    }

    /// Reads every row.
    func all<Value>(_ read: (Statement) throws(SQLiteError) -> Value)
        throws(SQLiteError) -> [Value]
    {
        var values: [Value] = []
        defer { rewind() }
        while try step() { values.append(try read(self)) }
        return values
    }

    /// The UTF-8 of a text column.
    func utf8(at column: Int32) -> [UInt8] {
        withUTF8(at: column) { [UInt8]($0) }
    }
}

extension SQLiteError {
    /// A column whose bytes are not what the index wrote there.
    static func unreadable(_ column: String) -> SQLiteError {
        SQLiteError(.corrupt, extendedCode: 0, message: "unreadable value", sql: column)
    }

    /// A change that does not fit the state it is applied to.
    static func inapplicable(_ what: String) -> SQLiteError {
        SQLiteError(.constraint, extendedCode: 0, message: "change cannot be applied", sql: what)
    }
}
