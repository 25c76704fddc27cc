import MetadataIndex
import SQLiteDatabase
import StorageModel

extension BackupRun {
    /// What is damaged, with the objects that need it now.
    func namedDamage() throws -> [Disagreement] {
        guard !damage.isEmpty else { return [] }
        let blobs = Set(damage.compactMap(\.blob))
        let positions = Set(damage.flatMap(\.positions))
        let owners = try index.read { reader throws(SQLiteError) in
            try reader.owners(of: blobs, at: positions)
        }
        return damage.map { payload in
            let owned =
                [payload.blob.flatMap { owners.blobs[$0] }]
                + payload.positions.map { owners.positions[$0] }
            var objects = NamedObjects()
            // The runs of one object have the same owners; others have none in common.
            var seen: Set<[PayloadOwner]> = []
            for owned in owned.compactMap(\.self) where seen.insert(owned.owners).inserted {
                objects.add(owned.objects)
            }
            return payload.told.naming(objects)
        }
    }
}
