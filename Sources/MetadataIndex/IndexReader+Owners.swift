import SQLiteDatabase
import StorageFormats
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

    /// The owners of payloads that touch some blobs or lie at some addresses of the log, and the objects
    /// that show them.
    ///
    /// Reads every row that holds a payload, about a microsecond each.
    ///
    /// - Parameters:
    ///   - blobs: The blobs.
    ///   - positions: The addresses of inline payloads' first bytes.
    /// - Returns: The owners by blob and by address; what has none is not in it.
    /// - Throws: `SQLiteError`.
    public func owners(
        of blobs: Set<BlobID>,
        at positions: Set<LogPosition>
    ) throws(SQLiteError) -> PayloadOwners {
        try snapshot { () throws(SQLiteError) in
            var owners = PayloadOwners()
            var names = ShowingNames(self)
            let rows = try PayloadRowCursor(self)
            while let row = try rows.next() {
                var touchedBlobs: Set<BlobID> = []
                var touchedPositions: Set<LogPosition> = []
                for extent in row.payload.extents {
                    switch extent {
                    case .blob(let id, _, _) where blobs.contains(id): touchedBlobs.insert(id)
                    case .inline(let position, _, _) where positions.contains(position):
                        touchedPositions.insert(position)
                    case .blob, .inline: continue
                    }
                }
                guard !touchedBlobs.isEmpty || !touchedPositions.isEmpty else { continue }
                let objects = try names.objects(showing: row.owner)
                for id in touchedBlobs {
                    owners.blobs[id, default: OwnedPayload()].add(row.owner, objects)
                }
                for position in touchedPositions {
                    owners.positions[position, default: OwnedPayload()].add(row.owner, objects)
                }
            }
            return owners
        }
    }

    /// Whether an owner's payload still touches a blob or an address of the log.
    public func holds(_ owner: PayloadOwner, _ place: PayloadPlace) throws(SQLiteError) -> Bool {
        guard let entry = try storedEntry(of: ExtentOwner(owner)) else { return false }
        return entry.payload.extents.contains { extent in
            switch (extent, place) {
            case (.blob(let id, _, _), .blob(let wanted)): id == wanted
            case (.inline(let position, _, _), .inline(let wanted)): position == wanted
            case (.blob, .inline), (.inline, .blob): false
            }
        }
    }
}

/// Where payload bytes lie.
public enum PayloadPlace: Hashable, Sendable {
    /// In a blob.
    case blob(BlobID)
    /// In the log, by the address of the payload's first byte.
    case inline(LogPosition)
}

/// Those who hold the bytes of one blob or at one address.
public struct OwnedPayload: Hashable, Sendable {
    /// The most owners that are given.
    public static let ownersMax = 64

    /// The rows that refer to the bytes, the first of them.
    public private(set) var owners: [PayloadOwner] = []
    /// The objects that show them.
    public private(set) var objects = NamedObjects()

    mutating func add(_ owner: PayloadOwner, _ shown: NamedObjects) {
        if owners.count < Self.ownersMax { owners.append(owner) }
        objects.add(shown)
    }
}

/// Those who hold payloads.
public struct PayloadOwners: Hashable, Sendable {
    /// By blob.
    public var blobs: [BlobID: OwnedPayload] = [:]
    /// By the address of an inline payload's first byte.
    public var positions: [LogPosition: OwnedPayload] = [:]
}
