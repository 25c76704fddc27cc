import SQLiteDatabase
import StorageFormats
import StorageModel

extension IndexWriter {
    /// How long a completion is remembered, so that a client that missed the answer may ask again.
    private static let completionKeptMilliseconds: Int64 = 86_400_000

    func createUpload(_ creation: UploadCreation, _ context: ChangeContext) throws(SQLiteError) {
        let insert = try connection.statement(
            """
            INSERT INTO upload(namespace, key, id, initiated, entry, algorithm, scope)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """
        )
        let stored = StoredEntry(
            attributes: creation.attributes,
            checksums: [],
            parts: [],
            payload: Payload(extents: [])
        )
        try insert.bind(creation.namespaceLine.number, at: 1)
        try insert.bind(creation.key.text, at: 2)
        try insert.bind(creation.id.text, at: 3)
        try insert.bind(context.time.milliseconds, at: 4)
        try insert.bind(blob: stored.encoded(), at: 5)
        try insert.bind(creation.checksum.map { Int64($0.algorithm.rawValue) }, at: 6)
        try insert.bind(creation.checksum.map { Int64($0.scope.rawValue) }, at: 7)
        try insert.run()
    }

    func putPart(_ part: PartWrite, _ context: ChangeContext) throws(SQLiteError) {
        guard let payload = Payload(runs: part.payload, recordPayload: context.recordPayload) else {
            throw .inapplicable("payload")
        }
        let before = try reader.part(part.number, of: part.upload)
        try addReferences(payload)
        if let before { try dropReferences(before.payload) }
        let insert = try connection.statement(
            """
            INSERT OR REPLACE INTO part(upload, number, modified, etag, entry)
            VALUES (?1, ?2, ?3, ?4, ?5)
            """
        )
        let stored = StoredEntry(
            attributes: ObjectAttributes(),
            checksums: part.checksum.map { [$0] } ?? [],
            parts: [],
            payload: payload
        )
        try insert.bind(part.upload.text, at: 1)
        try insert.bind(Int64(part.number), at: 2)
        try insert.bind(context.time.milliseconds, at: 3)
        try insert.bind(part.entityTag, at: 4)
        try insert.bind(blob: stored.encoded(), at: 5)
        try insert.run()
    }

    /// Puts the object first, so that blobs it shares with the parts never lose their last
    /// reference.
    func completeUpload(
        _ id: UploadID,
        _ write: ObjectWrite,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        try put(write, context)
        try dropUpload(id)
        let forget = try connection.statement("DELETE FROM completion WHERE completed < ?1")
        try forget.bind(
            context.time.milliseconds &- Self.completionKeptMilliseconds,
            at: 1
        )
        try forget.run()
        let insert = try connection.statement(
            """
            INSERT OR REPLACE INTO completion(upload, line, key, seq, completed)
            VALUES (?1, ?2, ?3, ?4, ?5)
            """
        )
        try insert.bind(id.text, at: 1)
        try insert.bind(write.place.line.number, at: 2)
        try insert.bind(write.place.key.text, at: 3)
        try insert.bind(context.sequence, at: 4)
        try insert.bind(context.time.milliseconds, at: 5)
        try insert.run()
    }

    /// Removes an upload and its parts.
    func dropUpload(_ id: UploadID) throws(SQLiteError) {
        let parts = try connection.statement("SELECT entry FROM part WHERE upload = ?1")
        try parts.bind(id.text, at: 1)
        defer { parts.rewind() }
        while try parts.step() {
            try dropReferences(try IndexReader.storedEntry(parts, at: 0).payload)
        }
        for table in ["DELETE FROM part WHERE upload = ?1", "DELETE FROM upload WHERE id = ?1"] {
            let delete = try connection.statement(table)
            try delete.bind(id.text, at: 1)
            try delete.run()
        }
    }
}
