import SQLiteDatabase
import StorageModel

extension IndexReader {
    /// What all objects and parts have together in blobs, in bytes; those that share bytes count each.
    ///
    /// Reads every row of an object or a part, a few of them in a microsecond.
    public func blobBytes() throws(SQLiteError) -> Int64 {
        try snapshot { () throws(SQLiteError) in
            let sums = try connection.statement(
                """
                SELECT (SELECT CAST(min(total(size), 4.0e18) AS INTEGER) FROM object),
                    (SELECT CAST(min(total(bytes), 4.0e18) AS INTEGER) FROM segment)
                """
            )
            let (objects, inLog) = try sums.first { ($0.int64(at: 0), $0.int64(at: 1)) } ?? (0, 0)
            return max(0, objects - inLog + min(try partBytes(), 1 << 62))
        }
    }

    /// What all parts of uploads in progress have together, in bytes.
    private func partBytes() throws(SQLiteError) -> Int64 {
        let parts = try connection.statement("SELECT entry FROM part")
        defer { parts.rewind() }
        var sum: Int64 = 0
        while try parts.step() {
            let bytes = try PayloadRowCursor.payload(parts, at: 0).lengthBytes
            let (more, overflow) = sum.addingReportingOverflow(bytes)
            sum = overflow ? .max : more
        }
        return sum
    }

    /// Whether the state of a key that a change made is still there, shown or kept for a fork.
    public func holds(_ place: LineKey, sequence: Int64) throws(SQLiteError) -> Bool {
        let find = try connection.statement(
            "SELECT 1 FROM object WHERE line = ?1 AND key = ?2 AND seq = ?3"
        )
        try find.bind(place.line.number, at: 1)
        try find.bind(place.key.text, at: 2)
        try find.bind(sequence, at: 3)
        return try find.first { _ in true } ?? false
    }

    /// What an owner of a payload is called by a person: `namespace/key`, or the upload's key with
    /// the number of the part.
    ///
    /// - Returns: Nil if its line or upload is unknown.
    public func name(of owner: PayloadOwner) throws(SQLiteError) -> String? {
        switch owner {
        case .object(let place, _):
            let find = try connection.statement(
                """
                SELECT namespace.name, line.name, line.tag FROM line
                JOIN namespace ON namespace.line = line.namespace WHERE line.id = ?1
                """
            )
            try find.bind(place.line.number, at: 1)
            return try find.first { row in
                let prefix = row.isNull(at: 1) ? "" : "\(row.text(at: 1)):\(row.text(at: 2))/"
                return "\(row.text(at: 0))/\(prefix)\(place.key.text)"
            }
        case .part(let upload, let number):
            let find = try connection.statement(
                """
                SELECT namespace.name, upload.key FROM upload
                JOIN namespace ON namespace.line = upload.namespace WHERE upload.id = ?1
                """
            )
            try find.bind(upload.text, at: 1)
            return try find.first { row in
                "\(row.text(at: 0))/\(row.text(at: 1)) (part \(number) of an upload)"
            }
        }
    }

    /// The owners of payloads that touch some blobs or lie at some addresses of the log.
    ///
    /// Reads every row that holds a payload, about a microsecond each.
    ///
    /// - Parameters:
    ///   - blobs: The blobs.
    ///   - positions: The addresses of inline payloads' first bytes.
    ///   - namesMax: The most names per blob or address.
    /// - Returns: The names by blob and by address; what has no owner is not in it.
    /// - Throws: `SQLiteError`.
    public func owners(
        of blobs: Set<BlobID>,
        at positions: Set<LogPosition>,
        namesMax: Int
    ) throws(SQLiteError) -> PayloadOwners {
        try snapshot { () throws(SQLiteError) in
            var owners = PayloadOwners()
            let rows = try PayloadRowCursor(self)
            while let row = try rows.next() {
                for extent in row.payload.extents {
                    switch extent {
                    case .blob(let id, _, _) where blobs.contains(id):
                        guard owners.blobs[id, default: []].count < namesMax else { continue }
                        let name = try name(of: row.owner) ?? "?"
                        if owners.blobs[id]?.contains(name) != true {
                            owners.blobs[id, default: []].append(name)
                        }
                    case .inline(let position, _, _) where positions.contains(position):
                        guard owners.positions[position, default: []].count < namesMax else {
                            continue
                        }
                        owners.positions[position, default: []].append(
                            try name(of: row.owner) ?? "?"
                        )
                    case .blob, .inline: continue
                    }
                }
            }
            return owners
        }
    }
}

/// The names of those who hold payloads.
public struct PayloadOwners: Hashable, Sendable {
    /// By blob.
    public var blobs: [BlobID: [String]] = [:]
    /// By the address of an inline payload's first byte.
    public var positions: [LogPosition: [String]] = [:]
}
