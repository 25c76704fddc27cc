/// How a connection is opened.
///
/// Invariant: a database that was written by one of these is in WAL mode, unless its journal was
/// ``Journal/none``.
public struct ConnectionConfiguration: Sendable, Hashable {
    /// What a connection may do.
    public enum Access: Sendable, Hashable {
        /// Reads and writes; makes the file if it is missing.
        case readWrite
        /// Reads only; the file must exist.
        case readOnly
    }

    /// Who moves the write-ahead log's pages into the database file.
    public enum Checkpoints: Sendable, Hashable {
        /// SQLite, inside the commit that makes the log longer than so many pages.
        case automatic(pages: Int32)
        /// The owner, by calling ``Connection/checkpoint(_:)``.
        case byOwner
    }

    /// What protects a database while it is written.
    public enum Journal: Sendable, Hashable {
        /// The write-ahead log.
        case writeAhead
        /// Nothing: for a new file that is thrown away if its making fails. Nobody else may use it
        /// meanwhile, and nothing can be rolled back.
        case none
    }

    /// What the connection may do.
    public var access: Access
    /// How long a call waits for another connection's lock, in milliseconds.
    public var busyTimeoutMilliseconds: Int32
    /// The page cache of this connection, in KiB.
    public var cacheKibibytes: Int32
    /// Who moves the write-ahead log's pages.
    public var checkpoints: Checkpoints
    /// What protects the database while it is written.
    public var journal: Journal

    /// Makes a configuration; the defaults suit the index of a server.
    public init(
        access: Access,
        busyTimeoutMilliseconds: Int32 = 5000,
        cacheKibibytes: Int32 = 2048,
        checkpoints: Checkpoints = .byOwner,
        journal: Journal = .writeAhead
    ) {
        self.access = access
        self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
        self.cacheKibibytes = cacheKibibytes
        self.checkpoints = checkpoints
        self.journal = journal
    }
}
