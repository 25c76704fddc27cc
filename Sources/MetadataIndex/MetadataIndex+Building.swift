import Glibc
import SQLiteDatabase
import StorageModel

// An index that is made beside the one in use, as fast as the log can be read: without a journal,
// without flushes, in a file that counts for nothing until it takes the name of the index.

extension MetadataIndex {
    /// The page cache of an index that is being made, in KiB: with most of a large index in memory, keys
    /// that come in no order cost no reading back.
    private static let buildingCacheKibibytes: Int32 = 262_144

    /// Begins an index in a file of its own.
    ///
    /// Nothing can be rolled back: after a failure the file is to be thrown away.
    ///
    /// - Parameters:
    ///   - path: The file; one that is there is replaced.
    ///   - volume: The volume whose log it will be made of.
    ///   - start: Where that log begins.
    /// - Returns: The writer; the file is closed when it goes away.
    /// - Throws: `SQLiteError`.
    public static func beginBuilding(
        at path: String,
        volume: String,
        start: LogPosition
    ) throws(SQLiteError) -> IndexWriter {
        discard(path)
        let connection = try Connection(path: path, buildingConfiguration)
        return try makeTables(connection, volume: volume, start: start)
    }

    /// Goes on with an index in a file of its own, such as a copy of one in use.
    ///
    /// Nothing can be rolled back: after a failure the file is to be thrown away.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - volume: The volume whose log it is made of.
    /// - Returns: The writer; nil if the file is no index of that log. The file is closed when it goes
    ///   away.
    /// - Throws: `SQLiteError`.
    public static func continueBuilding(
        at path: String,
        volume: String
    ) throws(SQLiteError) -> IndexWriter? {
        for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
        let connection = try Connection(path: path, buildingConfiguration)
        guard let state = try IndexReader(connection).state(), state.volume == volume else {
            return nil
        }
        return try writer(of: connection, state: state)
    }

    private static var buildingConfiguration: ConnectionConfiguration {
        ConnectionConfiguration(
            access: .readWrite,
            cacheKibibytes: buildingCacheKibibytes,
            journal: .none
        )
    }

    /// Removes a database file with what belongs to it.
    public static func discard(_ path: String) {
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }

    /// Gives an index that was made beside the one in a directory its place, at once and for good.
    ///
    /// The one in use must be open nowhere. It stays as it is until the new one, which is on the
    /// disk by then, takes its name.
    ///
    /// - Parameters:
    ///   - directory: The directory of the index.
    ///   - path: The new index, in the same directory, closed.
    /// - Throws: `SQLiteError` of code `.inputOutput`, `.readOnly` or `.outOfSpace`.
    public static func replace(in directory: String, with path: String) throws(SQLiteError) {
        let file = file(in: directory)
        try synchronize(path)
        if access(file, F_OK) == 0 {
            // What its own log holds must be in it before that log goes; one that cannot be read
            // is worth nothing with it either.
            let old = try? connect(file)
            _ = try? old?.checkpoint(.truncate)
        }
        for suffix in ["-wal", "-shm"] { unlink(file + suffix) }
        try synchronize(directory)
        guard rename(path, file) == 0 else { throw failure(file) }
        try synchronize(directory)
        clearDamagedMark(in: directory)
    }

    /// Whether an index's file is there, of use or not.
    public static func isPresent(in directory: String) -> Bool {
        access(file(in: directory), F_OK) == 0
    }

    /// Refuses a directory in which no index can be changed, before SQLite opens it for reading alone.
    ///
    /// - Throws: `SQLiteError` of code `.readOnly` for a file system that is, else `.inputOutput`.
    public static func checkWritable(_ directory: String) throws(SQLiteError) {
        guard access(directory, W_OK | X_OK) == 0 else { throw failure(directory) }
    }

    static func synchronize(_ path: String) throws(SQLiteError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    static func failure(_ path: String) -> SQLiteError {
        let code = errno
        let words = strerror(code).map { String(cString: $0) } ?? ""
        let kind: SQLiteError.Code =
            switch code {
            case ENOSPC, EDQUOT: .outOfSpace
            case EROFS: .readOnly
            default: .inputOutput
            }
        return SQLiteError(
            kind,
            extendedCode: 0,
            message: words,
            sql: path
        )
    }
}
