import SQLiteDatabase
import StorageFormats
import StorageModel

/// What the rows of an index need of a blob.
public struct BlobNeed: Hashable, Sendable {
    /// The blob.
    public let id: BlobID
    /// How many extents name it.
    public let references: Int64
    /// The end of the last byte that an extent names.
    public let endBytes: Int64
}

/// What a check gathers about an index, in tables of its own beside those of an index that is
/// thrown away afterwards: it has no bound in memory.
public final class IndexScratch {
    private let connection: Connection

    /// Makes the tables in the database of a writer that nobody reads.
    public init(_ writer: IndexWriter) throws(SQLiteError) {
        connection = writer.connection
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS scratch_need(
                id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, end INTEGER NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS scratch_damage(position INTEGER PRIMARY KEY) STRICT;
            """
        )
    }

    /// Begins or ends a transaction around many additions; without one each costs a write.
    public func begin() throws(SQLiteError) { try connection.beginImmediate() }

    /// Ends what ``begin()`` began.
    public func commit() throws(SQLiteError) { try connection.commit() }

    // MARK: - Blobs

    /// Forgets what is needed of blobs.
    public func removeNeeds() throws(SQLiteError) {
        try connection.execute("DELETE FROM scratch_need")
    }

    /// Adds what a payload needs of blobs.
    public func add(_ payload: Payload) throws(SQLiteError) {
        for case .blob(let id, let offset, let lengthBytes) in payload.extents {
            let (end, overflow) = offset.addingReportingOverflow(lengthBytes)
            let add = try connection.statement(
                """
                INSERT INTO scratch_need(id, refs, end) VALUES (?1, 1, ?2)
                ON CONFLICT(id) DO UPDATE SET refs = refs + 1, end = max(end, excluded.end)
                """
            )
            try add.bind(Int64(bitPattern: id.number), at: 1)
            try add.bind(overflow ? Int64.max : end, at: 2)
            try add.run()
        }
    }

    /// What is needed of a blob; nil if nothing is.
    public func need(of id: BlobID) throws(SQLiteError) -> BlobNeed? {
        let find = try connection.statement("SELECT refs, end FROM scratch_need WHERE id = ?1")
        try find.bind(Int64(bitPattern: id.number), at: 1)
        return try find.first {
            BlobNeed(id: id, references: $0.int64(at: 0), endBytes: $0.int64(at: 1))
        }
    }

    /// What is needed of blobs, by number, after one.
    public func needs(after id: BlobID?, limit: Int) throws(SQLiteError) -> [BlobNeed] {
        let rows = try connection.statement(
            "SELECT id, refs, end FROM scratch_need WHERE id > ?1 ORDER BY id LIMIT ?2"
        )
        try rows.bind(id.map { Int64(bitPattern: $0.number) } ?? Int64.min, at: 1)
        try rows.bind(Int64(max(limit, 0)), at: 2)
        return try rows.all {
            BlobNeed(
                id: BlobID(UInt64(bitPattern: $0.int64(at: 0))),
                references: $0.int64(at: 1),
                endBytes: $0.int64(at: 2)
            )
        }
    }

    // MARK: - Damaged payloads

    /// Notes that the payload at an address of the log is damaged.
    public func addDamage(at position: LogPosition) throws(SQLiteError) {
        let add = try connection.statement(
            "INSERT OR IGNORE INTO scratch_damage(position) VALUES (?1)"
        )
        try add.bind(position.bytes, at: 1)
        try add.run()
    }

    /// Whether the payload at an address of the log is damaged.
    public func isDamaged(at position: LogPosition) throws(SQLiteError) -> Bool {
        let find = try connection.statement("SELECT 1 FROM scratch_damage WHERE position = ?1")
        try find.bind(position.bytes, at: 1)
        return try find.first { _ in true } ?? false
    }
}
