import Glibc
import SQLiteDatabase
import StorageModel
import Synchronization

/// The index in its directory: one SQLite database, derived from the log and made again when it is
/// missing, of another format, or not of this log.
///
/// One thread writes, through the ``IndexWriter`` that comes with it; any thread reads, through
/// ``read(_:)``.
///
/// State: where it is, guarded by `place`; who hears of failed reads, by `listener`.
public final class MetadataIndex: Sendable {
    /// Read connections that are kept open while nobody uses them.
    private static let readersKeptMax = 16

    /// A directory, and the connections to the database in it.
    private struct Place: Sendable {
        let directory: String
        let readers: ConnectionPool
    }

    private let place: Mutex<Place>
    private let listener = Mutex<(@Sendable (SQLiteError, String) -> Void)?>(nil)

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

    private init(directory: String) throws(SQLiteError) {
        let readers = try ConnectionPool(
            path: Self.file(in: directory),
            ConnectionConfiguration(access: .readOnly),
            keptMax: Self.readersKeptMax
        )
        place = Mutex(Place(directory: directory, readers: readers))
    }

    /// The directory that it is in now.
    ///
    /// Never waits.
    public var directory: String { place.withLock { $0.directory } }

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
        let path = file(in: directory)
        let existing: IndexWriter?
        do throws(SQLiteError) {
            existing = try existingWriter(path: path, volume: volume, log: log)
        } catch {
            // A disk that is full or read-only says nothing about what is there.
            guard error.code != .outOfSpace, error.code != .readOnly else { throw error }
            return nil
        }
        guard let writer = existing else { return nil }
        let index = try MetadataIndex(directory: directory)
        return Opened(index: index, writer: writer, finding: .usable)
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
        let index = try MetadataIndex(directory: directory)
        return Opened(index: index, writer: writer, finding: .begunAnew)
    }

    /// Asks the index on the calling thread.
    ///
    /// Never waits for the writer.
    public func read<Value: Sendable>(
        _ body: @Sendable (IndexReader) throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        let place = place.withLock { $0 }
        do throws(SQLiteError) {
            return try place.readers.read { connection throws(SQLiteError) in
                try body(IndexReader(connection))
            }
        } catch {
            listener.withLock { $0 }?(error, place.directory)
            throw error
        }
    }

    /// Has a function called with every read that fails, and the directory that was read in.
    ///
    /// It is called on the reader's thread, which may be an event loop, and must not wait.
    public func whenReadFails(_ action: @escaping @Sendable (SQLiteError, String) -> Void) {
        listener.withLock { $0 = action }
    }

    /// Takes the place of another index of the same log: all that is read from now on is read there.
    ///
    /// What is being read goes on where it began, and may fail there.
    public func move(to other: MetadataIndex) {
        let next = other.place.withLock { $0 }
        let left = place.withLock { place in
            defer { place = next }
            return place
        }
        left.readers.closeIdle()
    }

    /// Moves pages of SQLite's log into the database while others read and write.
    public func checkpoint() throws(SQLiteError) {
        let connection = try Connection(
            path: Self.file(in: directory),
            ConnectionConfiguration(access: .readWrite, cacheKibibytes: 256)
        )
        _ = try connection.checkpoint(.passive)
    }

    /// Writes a copy of one committed state into a new file.
    public func copy(to path: String) throws(SQLiteError) {
        let readers = place.withLock { $0.readers }
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
        let readers = place.withLock { $0.readers }
        return try readers.read { connection throws(SQLiteError) in
            try connection.readTransaction { () throws(SQLiteError) in
                let state = try IndexReader(connection).state()
                return try connection.backUp(to: path, wish) ? state : nil
            }
        }
    }

    /// Closes the connections that nobody uses.
    public func close() {
        place.withLock { $0.readers }.closeIdle()
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
        for suffix in ["", "-wal", "-shm"] {
            guard unlink(path + suffix) == 0 || errno == ENOENT else { throw failure(path) }
        }
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
