import SQLiteDatabase
import StorageModel

/// How far an index has come.
public struct IndexState: Hashable, Sendable {
    /// The volume whose log it was made from.
    public var volume: String
    /// The end of the last log record that it holds.
    public var applied: LogPosition
    /// What was known to be flushed of the log before ``applied`` when that was written.
    ///
    /// A log that ends before it has lost what it must not; one that ends between the two has lost
    /// what was acknowledged without a flush.
    public var flushed: LogPosition
    /// The checksum of the log record that ends at ``applied``, which hangs on all before it; `nil` if
    /// it is not known.
    public var chain: UInt64?
    /// The number of the last change that it holds.
    public var sequence: Int64
    /// The greatest line number ever given out.
    public var lastLine: LineID

    /// Makes a state of its parts.
    public init(
        volume: String,
        applied: LogPosition,
        flushed: LogPosition? = nil,
        chain: UInt64? = nil,
        sequence: Int64,
        lastLine: LineID
    ) {
        self.volume = volume
        self.applied = applied
        self.flushed = flushed ?? applied
        self.chain = chain
        self.sequence = sequence
        self.lastLine = lastLine
    }
}

extension IndexReader {
    /// How far the index has come; nil if it has no tables, or those of a format that is
    /// neither the present one nor converted to it.
    public func state() throws(SQLiteError) -> IndexState? {
        let tables = try connection.statement(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'state'"
        )
        guard try tables.first({ _ in () }) != nil else { return nil }
        switch try format() {
        case IndexSchema.format, 3, 4: return try stateOfPresentFormat()
        case 2: return try stateOfFormat2()
        default: return nil
        }
    }

    /// The format of an index that has a table `state`.
    func format() throws(SQLiteError) -> Int64? {
        let format = try connection.statement("SELECT format FROM state WHERE id = 1")
        return try format.first { $0.int64(at: 0) }
    }

    private func stateOfPresentFormat() throws(SQLiteError) -> IndexState? {
        let state = try connection.statement(
            """
            SELECT volume, applied, flushed, chain, sequence, last_line FROM state WHERE id = 1
            """
        )
        return try state.first { row in
            IndexState(
                volume: row.text(at: 0),
                applied: LogPosition(row.int64(at: 1)),
                flushed: LogPosition(row.int64(at: 2)),
                chain: row.isNull(at: 3) ? nil : UInt64(bitPattern: row.int64(at: 3)),
                sequence: row.int64(at: 4),
                lastLine: LineID(row.int64(at: 5))
            )
        }
    }

    /// All that such an index holds of the log was flushed.
    private func stateOfFormat2() throws(SQLiteError) -> IndexState? {
        let state = try connection.statement(
            "SELECT volume, applied, sequence, last_line FROM state WHERE id = 1"
        )
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
