import CSQLite

extension Connection {
    /// Begins a transaction that holds the write lock from its start.
    public func beginImmediate() throws(SQLiteError) {
        try run("BEGIN IMMEDIATE")
    }

    /// Begins a transaction that sees one state of the database until its end.
    public func beginReading() throws(SQLiteError) {
        try run("BEGIN DEFERRED")
    }

    /// Makes the transaction's changes visible to all connections.
    public func commit() throws(SQLiteError) {
        try run("COMMIT")
    }

    /// Undoes the transaction's changes; does nothing if none is open.
    public func rollback() throws(SQLiteError) {
        guard isInTransaction else { return }
        try run("ROLLBACK")
    }

    /// Runs a body in a transaction that holds the write lock; commits when the body returns and
    /// undoes all of it when the body throws.
    ///
    /// - Throws: What the body throws; ``SQLiteError`` of BEGIN and COMMIT through `failure`.
    public func writeTransaction<Value, Failure: Error>(
        failure: (SQLiteError) -> Failure,
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try transaction(begin: beginImmediate, failure: failure, body)
    }

    /// Runs a body in a transaction that holds the write lock; commits when the body returns and
    /// undoes all of it when the body throws.
    public func writeTransaction<Value>(_ body: () throws(SQLiteError) -> Value)
        throws(SQLiteError) -> Value
    {
        try transaction(begin: beginImmediate, failure: { $0 }, body)
    }

    /// Runs a body that sees one state of the database throughout.
    public func readTransaction<Value>(_ body: () throws(SQLiteError) -> Value)
        throws(SQLiteError) -> Value
    {
        try transaction(begin: beginReading, failure: { $0 }, body)
    }

    private func transaction<Value, Failure: Error>(
        begin: () throws(SQLiteError) -> Void,
        failure: (SQLiteError) -> Failure,
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        do throws(SQLiteError) { try begin() } catch { throw failure(error) }
        let value: Value
        do throws(Failure) {
            value = try body()
        } catch {
            // The body's error is what matters; a failed ROLLBACK means SQLite did it already.
            try? rollback()
            throw error
        }
        do throws(SQLiteError) {
            try commit()
        } catch {
            try? rollback()
            throw failure(error)
        }
        return value
    }

    private func run(_ sql: String) throws(SQLiteError) {
        let statement = try statement(sql)
        try statement.run()
    }
}

extension Connection {
    /// How much a checkpoint insists on.
    public enum CheckpointMode: Sendable, Hashable {
        /// Moves what can be moved without waiting for anyone.
        case passive
        /// Waits for readers and writers, moves all, and makes the log file empty.
        case truncate
    }

    /// What a checkpoint found and did, in pages.
    public struct CheckpointOutcome: Sendable, Hashable {
        /// The pages in the log.
        public let loggedPages: Int
        /// Those of them that are in the database file now.
        public let movedPages: Int
    }

    /// Moves pages of the write-ahead log into the database file and flushes them.
    public func checkpoint(_ mode: CheckpointMode) throws(SQLiteError) -> CheckpointOutcome {
        var logged: Int32 = 0
        var moved: Int32 = 0
        let flag =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        let status = sqlite3_wal_checkpoint_v2(databasePointer, nil, flag, &logged, &moved)
        guard status == SQLITE_OK else {
            throw SQLiteError(databasePointer, status: status, sql: "checkpoint")
        }
        return CheckpointOutcome(loggedPages: Int(logged), movedPages: Int(moved))
    }
}
