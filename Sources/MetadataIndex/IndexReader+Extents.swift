import SQLiteDatabase
import StorageFormats
import StorageModel

/// What some rows name of a segment of the log.
public struct LiveSegment: Hashable, Sendable {
    /// The address of the segment's first byte.
    public let first: LogPosition
    /// How many runs of payload bytes in it are named.
    public let extents: Int64
    /// Their length together, in bytes.
    public let bytes: Int64

    /// Makes a count of its values.
    public init(first: LogPosition, extents: Int64, bytes: Int64) {
        self.first = first
        self.extents = extents
        self.bytes = bytes
    }
}

/// A run of payload bytes in the log, and the row that names it.
public struct OwnedExtent: Hashable, Sendable {
    /// The row.
    public let owner: ExtentOwner
    /// The run, which is `.inline`.
    public let extent: Extent
    /// Its first address.
    public let position: LogPosition
}

/// How far a walk over all runs of payload bytes has come.
public enum ExtentPlace: Hashable, Sendable {
    /// After a part of an upload; all objects are yet to come.
    case part(UploadID, number: Int)
    /// After an object; all parts have been seen.
    case object(LineKey, sequence: Int64)

    /// Before everything.
    public static let start = ExtentPlace.part(UploadID(""), number: 0)
    /// After all parts.
    static let firstObject = ExtentPlace.object(
        LineKey(line: LineID(.max), key: ObjectKey(trusted: "")),
        sequence: 0
    )
}

/// A step of a walk over all runs of payload bytes.
public struct ExtentPage: Sendable {
    /// Those that lie in the ranges that were asked for.
    public let extents: [OwnedExtent]
    /// Where the walk goes on; nil at the end.
    public let next: ExtentPlace?
}

extension IndexReader {
    /// What the rows name of every segment of the log, ascending; segments of which they name
    /// nothing are left out.
    public func liveSegments() throws(SQLiteError) -> [LiveSegment] {
        let rows = try connection.statement(
            "SELECT first, extents, bytes FROM segment ORDER BY first"
        )
        return try rows.all { row in
            LiveSegment(
                first: LogPosition(row.int64(at: 0)),
                extents: row.int64(at: 1),
                bytes: row.int64(at: 2)
            )
        }
    }

    /// Looks at the next rows for runs that lie in some ranges of the log.
    ///
    /// A walk from `.start` to the end sees every run that was in the log before it began and is
    /// still named when it ends, although each step is answered of a state of its own: an object's
    /// row keeps its place for as long as it is there, or goes with the commit of a small draft to a line
    /// with a smaller number (the committer sees to that), and lines are walked downwards; a run goes from a part to an object and
    /// never back, and parts are walked first.
    ///
    /// - Parameters:
    ///   - ranges: Ranges of addresses, ascending and apart.
    ///   - place: How far the walk has come.
    ///   - rowsMax: How many rows are looked at, at least 1.
    /// - Returns: The runs, and where the walk goes on.
    /// - Throws: `SQLiteError`.
    public func extents(
        in ranges: [Range<LogPosition>],
        after place: ExtentPlace,
        rowsMax: Int
    ) throws(SQLiteError) -> ExtentPage {
        switch place {
        case .part(let upload, let number):
            let page = try partExtents(in: ranges, upload, number, rowsMax)
            guard page.next == nil else { return page }
            return ExtentPage(extents: page.extents, next: .firstObject)
        case .object(let place, let sequence):
            return try objectExtents(in: ranges, place, sequence, rowsMax)
        }
    }

    private func partExtents(
        in ranges: [Range<LogPosition>],
        _ upload: UploadID,
        _ number: Int,
        _ rowsMax: Int
    ) throws(SQLiteError) -> ExtentPage {
        let rows = try connection.statement(
            """
            SELECT upload, number, entry FROM part WHERE (upload, number) > (?1, ?2)
            ORDER BY upload, number LIMIT ?3
            """
        )
        try rows.bind(upload.text, at: 1)
        try rows.bind(Int64(number), at: 2)
        try rows.bind(Int64(rowsMax), at: 3)
        return try page(rows, entry: 2, ranges, rowsMax) { row in
            .part(UploadID(row.text(at: 0)), number: Int(row.int64(at: 1)))
        }
    }

    private func objectExtents(
        in ranges: [Range<LogPosition>],
        _ place: LineKey,
        _ sequence: Int64,
        _ rowsMax: Int
    ) throws(SQLiteError) -> ExtentPage {
        let rows = try connection.statement(
            """
            SELECT line, key, seq, entry FROM object WHERE (line, key, seq) < (?1, ?2, ?3)
            ORDER BY line DESC, key DESC, seq DESC LIMIT ?4
            """
        )
        try rows.bind(place.line.number, at: 1)
        try rows.bind(place.key.text, at: 2)
        try rows.bind(sequence, at: 3)
        try rows.bind(Int64(rowsMax), at: 4)
        return try page(rows, entry: 3, ranges, rowsMax) { row in
            .object(
                LineKey(
                    line: LineID(row.int64(at: 0)),
                    key: ObjectKey(trusted: row.text(at: 1))
                ),
                sequence: row.int64(at: 2)
            )
        }
    }

    private func page(
        _ rows: Statement,
        entry column: Int32,
        _ ranges: [Range<LogPosition>],
        _ rowsMax: Int,
        _ place: (Statement) -> ExtentPlace
    ) throws(SQLiteError) -> ExtentPage {
        defer { rows.rewind() }
        var found: [OwnedExtent] = []
        var count = 0
        while try rows.step() {
            count += 1
            if !rows.isNull(at: column) {
                let payload = try Self.payload(rows, at: column)
                for extent in payload.extents {
                    guard case .inline(let position, _, _) = extent,
                        ranges.holds(position)
                    else { continue }
                    found.append(
                        OwnedExtent(owner: place(rows).owner, extent: extent, position: position)
                    )
                }
            }
            if count == rowsMax { return ExtentPage(extents: found, next: place(rows)) }
        }
        return ExtentPage(extents: found, next: nil)
    }

    private static func payload(_ row: Statement, at column: Int32) throws(SQLiteError) -> Payload {
        do {
            return try row.withBlob(at: column) { bytes throws(ChangeFormatError) in
                try StoredEntry.payload(of: bytes)
            }
        } catch {
            throw .unreadable("entry")
        }
    }

    /// Whether a row still names the run that a relocation is about.
    public func holds(_ relocation: Relocation) throws(SQLiteError) -> Bool {
        guard let stored = try storedEntry(of: relocation.owner) else { return false }
        return stored.payload.extents.contains { relocation.moves($0) }
    }

    /// Whether the row of a run still names it.
    public func names(_ owned: OwnedExtent) throws(SQLiteError) -> Bool {
        guard let stored = try storedEntry(of: owned.owner) else { return false }
        return stored.payload.extents.contains(owned.extent)
    }

    /// What the row of an owner keeps; nil if there is no such row.
    func storedEntry(of owner: ExtentOwner) throws(SQLiteError) -> StoredEntry? {
        switch owner {
        case .object(let place, let sequence):
            let find = try connection.statement(
                """
                SELECT entry FROM object
                WHERE line = ?1 AND key = ?2 AND seq = ?3 AND entry IS NOT NULL
                """
            )
            try find.bind(place.line.number, at: 1)
            try find.bind(place.key.text, at: 2)
            try find.bind(sequence, at: 3)
            return try find.first { row throws(SQLiteError) in try Self.storedEntry(row, at: 0) }
        case .part(let upload, let number):
            let find = try connection.statement(
                "SELECT entry FROM part WHERE upload = ?1 AND number = ?2"
            )
            try find.bind(upload.text, at: 1)
            try find.bind(Int64(number), at: 2)
            return try find.first { row throws(SQLiteError) in try Self.storedEntry(row, at: 0) }
        }
    }
}

extension ExtentPlace {
    fileprivate var owner: ExtentOwner {
        switch self {
        case .part(let upload, let number): .part(upload, number: number)
        case .object(let place, let sequence): .object(place, sequence: sequence)
        }
    }
}

extension Relocation {
    /// Whether an extent is the run that moves.
    func moves(_ extent: Extent) -> Bool {
        guard case .inline(let position, let length, _) = extent else { return false }
        return position == from && length == lengthBytes
    }
}

extension [Range<LogPosition>] {
    /// Whether one of the ranges, which are ascending and apart, holds an address.
    fileprivate func holds(_ position: LogPosition) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].lowerBound <= position { low = middle + 1 } else { high = middle }
        }
        return low > 0 && position < self[low - 1].upperBound
    }
}
