import MetadataIndex
import SQLiteDatabase
import StorageModel

extension BackupRun {
    /// How many objects are named of a damaged payload.
    private static let namesMax = 16

    /// What is damaged, with the objects that need it now.
    func namedDamage() throws -> [Disagreement] {
        guard !damage.isEmpty else { return [] }
        let blobs = Set(damage.compactMap(\.blob))
        let positions = Set(damage.flatMap(\.positions))
        let owners = try index.read { reader throws(SQLiteError) in
            try reader.owners(of: blobs, at: positions, namesMax: Self.namesMax)
        }
        return damage.map { payload in
            var names = payload.blob.flatMap { owners.blobs[$0] } ?? []
            for position in payload.positions {
                for name in owners.positions[position] ?? [] where !names.contains(name) {
                    names.append(name)
                }
            }
            return payload.told.naming(names)
        }
    }
}
