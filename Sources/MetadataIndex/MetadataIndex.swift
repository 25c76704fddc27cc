import Glibc
import SQLiteDatabase
import StorageModel

/// The index in its directory: one SQLite database, derived from the log and made again when it is
/// missing, of another format, or not of this log.
///
/// One thread writes, through ``makeWriter(volume:logStart:logEnd:)``; any thread reads, through
/// ``read(_:)``.
public final class MetadataIndex: Sendable {
    /// Read connections that are kept open while nobody uses them.
    private static let readersKeptMax = 16

    private let path: String
    private let readers: ConnectionPool

    /// What was found in the directory.
    public enum Finding: Hashable, Sendable {
        /// An index of this log, which needs the changes from its `applied` position on.
        case usable
        /// None, or one that was of no use; the index begins empty.
        case begunAnew
    }

    /// An index that is open, with its only writer.
    public struct Opened {
        /// For readers.
        public let index: MetadataIndex
        /// For the thread that opened it.
        public let writer: IndexWriter
        /// What was found.
        public let finding: Finding
    }

    private init(path: String) throws(SQLiteError) {
        self.path = path
        readers = try ConnectionPool(
            path: path,
            ConnectionConfiguration(access: .readOnly),
            keptMax: Self.readersKeptMax
        )
    }

    /// The file of the index in a directory.
    public static func file(in directory: String) -> String { directory + "/nave.sqlite" }

    /// Opens the index of a log, or begins an empty one.
    ///
    /// - Parameters:
    ///   - directory: An existing directory.
    ///   - volume: The volume whose log it belongs to.
    ///   - log: The positions that the log holds.
    /// - Returns: The index, its writer, and what was found.
    /// - Throws: `SQLiteError` if not even an empty index can be made.
    public static func open(
        directory: String,
        volume: String,
        log: Range<LogPosition>
    ) throws(SQLiteError) -> Opened {
        if let opened = try openUsable(directory: directory, volume: volume, log: log) {
            return opened
        }
        return try openAnew(directory: directory, volume: volume, logStart: log.lowerBound)
    }

    /// Opens the index of a log; nil if there is none that could be used.
    ///
    /// - Parameters:
    ///   - directory: An existing directory.
    ///   - volume: The volume whose log it belongs to.
    ///   - log: The positions from which the log can be replayed.
    /// - Returns: The index, its writer, and what was found.
    /// - Throws: `SQLiteError` if one that is of use cannot be read.
    public static func openUsable(
        directory: String,
        volume: String,
        log: Range<LogPosition>
    ) throws(SQLiteError) -> Opened? {
        let path = directory + "/nave.sqlite"
        let existing: IndexWriter?
        do throws(SQLiteError) {
            existing = try existingWriter(path: path, volume: volume, log: log)
        } catch {
            // A full disk says nothing about what is there.
            guard error.code != .outOfSpace else { throw error }
            return nil
        }
        guard let writer = existing else { return nil }
        return Opened(index: try MetadataIndex(path: path), writer: writer, finding: .usable)
    }

    /// How far the index in a directory has come; nil if there is none that could be used.
    public static func state(directory: String) -> IndexState? {
        let path = file(in: directory)
        guard access(path, F_OK) == 0, let connection = try? connect(path) else { return nil }
        return try? IndexReader(connection).state()
    }

    /// Throws away what is in the directory and begins an empty index.
    public static func openAnew(
        directory: String,
        volume: String,
        logStart: LogPosition
    ) throws(SQLiteError) -> Opened {
        let path = file(in: directory)
        let writer = try makeAnew(path: path, volume: volume, start: logStart)
        return Opened(index: try MetadataIndex(path: path), writer: writer, finding: .begunAnew)
    }

    /// Asks the index on the calling thread.
    ///
    /// Never waits for the writer.
    public func read<Value: Sendable>(
        _ body: @Sendable (IndexReader) throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        try readers.read { connection throws(SQLiteError) in
            try body(IndexReader(connection))
        }
    }

    /// Moves pages of SQLite's log into the database while others read and write.
    public func checkpoint() throws(SQLiteError) {
        let connection = try Connection(
            path: path,
            ConnectionConfiguration(access: .readWrite, cacheKibibytes: 256)
        )
        _ = try connection.checkpoint(.passive)
    }

    /// Writes a copy of one committed state into a new file.
    public func copy(to path: String) throws(SQLiteError) {
        try readers.read { connection throws(SQLiteError) in try connection.backUp(to: path) }
    }

    /// Writes a copy of one committed state into a new file, a step at a time.
    ///
    /// - Parameters:
    ///   - path: The file, which must not exist.
    ///   - wish: Asked after every 4 MiB or so.
    /// - Returns: The state that was copied; nil if the copy was given up.
    /// - Throws: `SQLiteError`; the file may hold anything then.
    public func copy(
        to path: String,
        _ wish: @Sendable () -> Connection.CopyWish
    ) throws(SQLiteError) -> IndexState? {
        try readers.read { connection throws(SQLiteError) in
            try connection.readTransaction { () throws(SQLiteError) in
                let state = try IndexReader(connection).state()
                return try connection.backUp(to: path, wish) ? state : nil
            }
        }
    }

    /// Closes the connections that nobody uses.
    public func close() {
        readers.closeIdle()
    }

    private static func existingWriter(
        path: String,
        volume: String,
        log: Range<LogPosition>
    ) throws(SQLiteError) -> IndexWriter? {
        guard access(path, F_OK) == 0 else { return nil }
        let connection = try connect(path)
        guard let state = try IndexReader(connection).state(), state.volume == volume,
            state.applied >= log.lowerBound, state.applied <= log.upperBound
        else { return nil }
        return try writer(of: connection, state: state)
    }

    /// The writer of an index that is of use, converted if it must be.
    static func writer(
        of connection: Connection,
        state: IndexState
    ) throws(SQLiteError) -> IndexWriter {
        try IndexConversion(connection).run()
        return try IndexWriter(connection, state: state)
    }

    private static func makeAnew(
        path: String,
        volume: String,
        start: LogPosition
    ) throws(SQLiteError) -> IndexWriter {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        return try makeTables(try connect(path), volume: volume, start: start)
    }

    /// Makes the tables of an empty index in a new database.
    static func makeTables(
        _ connection: Connection,
        volume: String,
        start: LogPosition
    ) throws(SQLiteError) -> IndexWriter {
        let state = IndexState(
            volume: volume,
            applied: start,
            sequence: 0,
            lastLine: LineID(0)
        )
        try connection.beginImmediate()
        try connection.execute(IndexSchema.statements)
        let insert = try connection.prepare(
            """
            INSERT INTO state(id, format, volume, applied, flushed, sequence, last_line)
            VALUES (1, ?1, ?2, ?3, ?3, 0, 0)
            """
        )
        try insert.bind(IndexSchema.format, at: 1)
        try insert.bind(volume, at: 2)
        try insert.bind(start.bytes, at: 3)
        try insert.run()
        try connection.commit()
        return try IndexWriter(connection, state: state)
    }

    static func connect(_ path: String) throws(SQLiteError) -> Connection {
        try Connection(
            path: path,
            ConnectionConfiguration(access: .readWrite, cacheKibibytes: 16_384)
        )
    }
}
