import Synchronization

/// Read-only connections to one database, handed to whichever thread asks.
///
/// A reader never waits for another: when all connections are lent, one more is opened, and closed
/// again after use if more than `keptMax` would lie idle. The connection that came back last
/// is lent first, since its pages are in the processor's cache.
///
/// State: the idle connections, guarded by `idle`.
public final class ConnectionPool: Sendable {
    private let path: String
    private let configuration: ConnectionConfiguration
    private let keptMax: Int
    private let idle: Mutex<[SharedConnection]>

    /// Opens the first connection of a pool.
    ///
    /// - Parameters:
    ///   - path: The database, which must exist.
    ///   - configuration: How connections are opened; the access must be read-only.
    ///   - keptMax: How many connections are kept open while nobody uses them; at least 1.
    /// - Throws: ``SQLiteError``: `.cannotOpen`, `.notADatabase`, …
    public init(path: String, _ configuration: ConnectionConfiguration, keptMax: Int)
        throws(SQLiteError)
    {
        precondition(configuration.access == .readOnly, "a pool lends read-only connections")
        precondition(keptMax >= 1, "a pool keeps at least one connection")
        self.path = path
        self.configuration = configuration
        self.keptMax = keptMax
        idle = Mutex([try SharedConnection(path: path, configuration)])
    }

    /// Lends a connection to a body.
    ///
    /// The body must not keep the connection or a statement of it.
    ///
    /// - Throws: What the body throws; a failure to open a connection, through `failure`.
    public func read<Value: Sendable, Failure: Error>(
        failure: (SQLiteError) -> Failure,
        _ body: @Sendable (Connection) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let lent: SharedConnection
        if let kept = idle.withLock({ $0.popLast() }) {
            lent = kept
        } else {
            do throws(SQLiteError) {
                lent = try SharedConnection(path: path, configuration)
            } catch {
                throw failure(error)
            }
        }
        defer { giveBack(lent) }
        return try lent.withConnection(body)
    }

    /// Lends a connection to a body.
    ///
    /// The body must not keep the connection or a statement of it.
    public func read<Value: Sendable>(
        _ body: @Sendable (Connection) throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        try read(failure: { $0 }, body)
    }

    /// Closes the connections that nobody uses.
    public func closeIdle() {
        let closed = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        // They close here, outside the lock, as the last references go away.
        _ = consume closed
    }

    private func giveBack(_ connection: SharedConnection) {
        idle.withLock { idle in
            if idle.count < keptMax { idle.append(connection) }
        }
    }
}
