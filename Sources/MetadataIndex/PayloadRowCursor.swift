import SQLiteDatabase
import StorageFormats
import StorageModel

/// Who holds a payload.
public enum PayloadOwner: Hashable, Sendable {
    /// The state of a key that a change made.
    case object(LineKey, sequence: Int64)
    /// A part of an upload in progress.
    case part(UploadID, number: Int64)
}

extension ExtentOwner {
    init(_ owner: PayloadOwner) {
        switch owner {
        case .object(let place, let sequence): self = .object(place, sequence: sequence)
        case .part(let upload, let number): self = .part(upload, number: Int(clamping: number))
        }
    }
}

/// One row that holds a payload.
public struct PayloadRow: Hashable, Sendable {
    /// Who holds it.
    public let owner: PayloadOwner
    /// Where the bytes are.
    public let payload: Payload
}

/// Walks over every row of the index that holds a payload, one at a time.
///
/// It sees one state of the index only inside a snapshot; without one it holds its own while it is
/// walked.
public final class PayloadRowCursor {
    private let objects: Statement
    private let parts: Statement
    private var isAmongParts = false

    /// Begins the walk.
    public init(_ reader: IndexReader) throws(SQLiteError) {
        objects = try reader.connection.prepare(
            "SELECT line, key, seq, entry FROM object WHERE entry IS NOT NULL"
        )
        parts = try reader.connection.prepare("SELECT upload, number, entry FROM part")
    }

    /// The next row; nil at the end.
    public func next() throws(SQLiteError) -> PayloadRow? {
        if !isAmongParts {
            if try objects.step() {
                let key = LineKey(
                    line: LineID(objects.int64(at: 0)),
                    key: ObjectKey(trusted: objects.text(at: 1))
                )
                return PayloadRow(
                    owner: .object(key, sequence: objects.int64(at: 2)),
                    payload: try Self.payload(objects, at: 3)
                )
            }
            isAmongParts = true
        }
        guard try parts.step() else { return nil }
        return PayloadRow(
            owner: .part(UploadID(parts.text(at: 0)), number: parts.int64(at: 1)),
            payload: try Self.payload(parts, at: 2)
        )
    }

    /// The payload of an entry in a column of a row.
    static func payload(
        _ row: Statement,
        at column: Int32
    ) throws(SQLiteError) -> Payload {
        do throws(ChangeFormatError) {
            return try row.withBlob(at: column) { bytes throws(ChangeFormatError) in
                try StoredEntry.payload(of: bytes)
            }
        } catch {
            throw .unreadable("entry")
        }
    }
}
