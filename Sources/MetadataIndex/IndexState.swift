import SQLiteDatabase
import StorageModel

/// How far an index has come.
public struct IndexState: Hashable, Sendable {
    /// The volume whose log it was made from.
    public var volume: String
    /// The end of the last log record that it holds.
    public var applied: LogPosition
    /// The number of the last change that it holds.
    public var sequence: Int64
    /// The greatest line number ever given out.
    public var lastLine: LineID

    /// Makes a state of its parts.
    public init(volume: String, applied: LogPosition, sequence: Int64, lastLine: LineID) {
        self.volume = volume
        self.applied = applied
        self.sequence = sequence
        self.lastLine = lastLine
    }
}

extension IndexReader {
    /// How far the index has come; nil if it has no tables or those of another format.
    public func state() throws(SQLiteError) -> IndexState? {
        let tables = try connection.statement(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'state'"
        )
        guard try tables.first({ _ in () }) != nil else { return nil }
        let state = try connection.statement(
            "SELECT volume, applied, sequence, last_line FROM state WHERE id = 1 AND format = ?1"
        )
        try state.bind(IndexSchema.format, at: 1)
        return try state.first { row in
            IndexState(
                volume: row.text(at: 0),
                applied: LogPosition(row.int64(at: 1)),
                sequence: row.int64(at: 2),
                lastLine: LineID(row.int64(at: 3))
            )
        }
    }
}
