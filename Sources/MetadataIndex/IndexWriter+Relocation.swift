import SQLiteDatabase
import StorageFormats
import StorageModel

extension IndexWriter {
    /// Gives runs of payload bytes their new places, in the payload of the change's record.
    func relocate(_ relocations: [Relocation], _ context: ChangeContext) throws(SQLiteError) {
        for relocation in relocations {
            guard let stored = try reader.storedEntry(of: relocation.owner),
                let index = stored.payload.extents.firstIndex(where: relocation.moves),
                case .inline(_, let length, let checksums) = stored.payload.extents[index],
                case .inline(let base, let recordBytes, _) = context.recordPayload,
                relocation.payloadOffset <= recordBytes,
                length <= recordBytes - relocation.payloadOffset
            else { throw .inapplicable("relocation") }
            var extents = stored.payload.extents
            extents[index] = .inline(
                position: LogPosition(base.bytes + Int64(relocation.payloadOffset)),
                lengthBytes: length,
                blockChecksums: checksums
            )
            let moved = Payload(extents: extents)
            // First the new place, so that blobs of the same row keep their references throughout.
            try addReferences(moved)
            try dropReferences(stored.payload)
            try update(
                relocation.owner,
                StoredEntry(
                    attributes: stored.attributes,
                    checksums: stored.checksums,
                    parts: stored.parts,
                    payload: moved
                )
            )
        }
    }

    private func update(_ owner: ExtentOwner, _ stored: StoredEntry) throws(SQLiteError) {
        switch owner {
        case .object(let place, let sequence):
            let update = try connection.statement(
                "UPDATE object SET entry = ?4 WHERE line = ?1 AND key = ?2 AND seq = ?3"
            )
            try update.bind(place.line.number, at: 1)
            try update.bind(place.key.text, at: 2)
            try update.bind(sequence, at: 3)
            try update.bind(blob: stored.encoded(), at: 4)
            try update.run()
        case .part(let upload, let number):
            let update = try connection.statement(
                "UPDATE part SET entry = ?3 WHERE upload = ?1 AND number = ?2"
            )
            try update.bind(upload.text, at: 1)
            try update.bind(Int64(number), at: 2)
            try update.bind(blob: stored.encoded(), at: 3)
            try update.run()
        }
    }

    // MARK: - The ledger of the log

    /// Writes what the open transaction did to the counts of segments.
    func flushLedger() throws(SQLiteError) {
        for (first, live) in ledger.touched {
            if live.extents == 0 {
                let delete = try connection.statement("DELETE FROM segment WHERE first = ?1")
                try delete.bind(first.bytes, at: 1)
                try delete.run()
                continue
            }
            let write = try connection.statement(
                "INSERT OR REPLACE INTO segment(first, extents, bytes) VALUES (?1, ?2, ?3)"
            )
            try write.bind(first.bytes, at: 1)
            try write.bind(live.extents, at: 2)
            try write.bind(live.bytes, at: 3)
            try write.run()
        }
    }
}
