import ObjectStorage
import StorageModel
import Volumes

/// Damage of stored bytes, as it is shown to people and programs.
public struct DamageItem: Hashable, Sendable {
    /// When it was found.
    public let found: WallTime
    /// When it was seen last.
    public let seen: WallTime
    /// The directory of the volume.
    public let volume: String
    /// The file.
    public let path: String
    /// The byte of the file where the damaged block begins; nil if the whole file is meant.
    public let offset: Int64?
    /// What is wrong: `payload`, `blob_invalid`, `blob_missing`, `log_record`, `snapshot` or
    /// `unreadable`.
    public let kind: String
    /// What became of it: `found` or `healed`.
    public let state: String
    /// The objects that show these bytes, as far as they are known.
    public let objects: NamedObjects

    /// Makes an item of its values.
    public init(
        found: WallTime,
        seen: WallTime,
        volume: String,
        path: String,
        offset: Int64?,
        kind: String,
        state: String,
        objects: NamedObjects
    ) {
        self.found = found
        self.seen = seen
        self.volume = volume
        self.path = path
        self.offset = offset
        self.kind = kind
        self.state = state
        self.objects = objects
    }

    init(_ record: DamageRecord) {
        self.init(
            found: record.found,
            seen: record.seen,
            volume: record.volume,
            path: record.path,
            offset: record.offset,
            kind: record.kind.rawValue,
            state: record.state.rawValue,
            objects: record.objects
        )
    }
}

/// The damage that a store knows of.
public struct DamageList: Hashable, Sendable {
    /// How many places were ever found, those that are not listed included.
    public let foundCount: Int64
    /// How many of them were healed.
    public let healedCount: Int64
    /// Those that are listed, newest first.
    public let items: [DamageItem]

    /// Makes a list of its values.
    public init(foundCount: Int64, healedCount: Int64, items: [DamageItem]) {
        self.foundCount = foundCount
        self.healedCount = healedCount
        self.items = items
    }

    /// Reads the list of a store; never waits.
    public init(of store: ObjectStore) {
        let counts = store.damage.counts
        self.init(
            foundCount: counts.found,
            healedCount: counts.healed,
            items: store.damage.records.reversed().map(DamageItem.init)
        )
    }
}
