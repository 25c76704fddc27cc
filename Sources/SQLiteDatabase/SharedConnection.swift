import Synchronization

/// One connection that any thread may use, one at a time.
///
/// State: the connection, guarded by `connection`.
public final class SharedConnection: Sendable {
    private let connection: Mutex<Connection>

    /// Opens a database.
    public init(path: String, _ configuration: ConnectionConfiguration) throws(SQLiteError) {
        connection = Mutex(try Connection(path: path, configuration))
    }

    /// Lends the connection to a body; others wait until it returns.
    ///
    /// The body must not keep the connection or a statement of it.
    public func withConnection<Value: Sendable, Failure: Error>(
        _ body: @Sendable (Connection) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try connection.withLock { (connection) throws(Failure) -> Value in
            try body(connection)
        }
    }
}
