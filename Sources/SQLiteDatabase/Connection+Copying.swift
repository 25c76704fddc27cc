import CSQLite

extension Connection {
    /// Pages that are copied before the copy may be given up.
    private static let copiedPagesPerStep: Int32 = 1024

    /// Copies the whole database, as one state of it, into a new file while others go on.
    public func backUp(to path: String) throws(SQLiteError) {
        _ = try backUp(to: path) { .goOn }
    }

    /// What the owner of a copy wants after each step of it.
    public enum CopyWish: Sendable, Hashable {
        /// The next step.
        case goOn
        /// An end to it, with nothing.
        case giveUp
    }

    /// Copies the whole database, as one state of it, into a new file while others go on.
    ///
    /// The copy is not flushed; whoever wants it to outlive a power loss flushes it.
    ///
    /// - Parameters:
    ///   - path: The file, which must not exist.
    ///   - wish: Asked after every 4 MiB or so.
    /// - Returns: Whether the copy is whole.
    /// - Throws: ``SQLiteError``; the file may hold anything then.
    public func backUp(
        to path: String,
        _ wish: () -> CopyWish
    ) throws(SQLiteError) -> Bool {
        let target = try DatabaseHandle(
            path: path,
            flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        )
        sqlite3_exec(target.pointer, "PRAGMA synchronous=OFF", nil, nil, nil)
        // Without a transaction of its own, the copy would begin anew whenever somebody writes.
        if isInTransaction { return try copyPages(to: target, path, wish) }
        return try readTransaction { () throws(SQLiteError) in
            try copyPages(to: target, path, wish)
        }
    }

    private func copyPages(
        to target: DatabaseHandle,
        _ path: String,
        _ wish: () -> CopyWish
    ) throws(SQLiteError) -> Bool {
        guard let backup = sqlite3_backup_init(target.pointer, "main", databasePointer, "main")
        else {
            throw SQLiteError(target.pointer, status: SQLITE_ERROR, sql: path)
        }
        var stepped = sqlite3_backup_step(backup, Self.copiedPagesPerStep)
        while stepped == SQLITE_OK, wish() == .goOn {
            stepped = sqlite3_backup_step(backup, Self.copiedPagesPerStep)
        }
        let finished = sqlite3_backup_finish(backup)
        if stepped == SQLITE_OK { return false }
        guard stepped == SQLITE_DONE, finished == SQLITE_OK else {
            throw SQLiteError(target.pointer, status: finished, sql: path)
        }
        return true
    }
}
