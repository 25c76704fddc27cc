/// How an array is laid out in keys.
public enum ArrayDialect: UInt8, Hashable, Sendable {
    /// Zarr, format 3.
    case zarr3 = 3
    /// Zarr, format 2.
    case zarr2 = 2
    /// The layout of the original Hub client.
    case hub0 = 0
}

/// What a metadata key was recognised as.
public enum NodeKind: Hashable, Sendable {
    /// An array.
    case array
    /// A group of arrays and groups.
    case group
    /// Metadata of a known dialect that cannot be understood; the note says why.
    case unreadable(note: String)
}

/// What the writer of a metadata key found in its bytes; travels in the change.
public struct CatalogFact: Hashable, Sendable {
    /// The layout.
    public let dialect: ArrayDialect
    /// What it is.
    public let kind: NodeKind

    /// Makes a fact of its parts.
    public init(dialect: ArrayDialect, kind: NodeKind) {
        self.dialect = dialect
        self.kind = kind
    }
}

/// Where an array or group is known: `name:tag/member` in a namespace.
public struct ArrayPlace: Hashable, Sendable, Comparable {
    /// The tag of arrays in a namespace's own line.
    public static let latestTag = "latest"

    /// The name; may hold `/`.
    public let name: String
    /// The tag.
    public let tag: String
    /// The path below the version's root; empty for the root itself.
    public let member: String

    /// Makes a place of its parts.
    public init(name: String, tag: String, member: String = "") {
        self.name = name
        self.tag = tag
        self.member = member
    }

    /// Whether the left one comes first.
    public static func < (left: Self, right: Self) -> Bool {
        for (first, second) in [
            (left.name, right.name), (left.tag, right.tag), (left.member, right.member),
        ] where !first.utf8.elementsEqual(second.utf8) {
            return first.utf8.lexicographicallyPrecedes(second.utf8)
        }
        return false
    }
}

/// An array or group that the catalog knows, because its metadata key was written.
public struct CatalogNode: Hashable, Sendable {
    /// Where it is known.
    public let place: ArrayPlace
    /// The line that holds its keys.
    public let line: LineID
    /// The path of its keys in the line, without a trailing `/`; empty at the line's root.
    public let path: String
    /// The metadata key, in the line.
    public let metadataKey: String
    /// The number of the change that wrote the metadata key last.
    public let sequence: Int64
    /// What was recognised in it.
    public let fact: CatalogFact
    /// When the metadata key was written last.
    public let modified: WallTime
    /// The running totals of an array's chunks; nil for what is not an array.
    public let tally: ChunkTally?

    /// Makes a node of its parts.
    public init(
        place: ArrayPlace,
        line: LineID,
        path: String,
        metadataKey: String,
        sequence: Int64,
        fact: CatalogFact,
        modified: WallTime,
        tally: ChunkTally?
    ) {
        self.place = place
        self.line = line
        self.path = path
        self.metadataKey = metadataKey
        self.sequence = sequence
        self.fact = fact
        self.modified = modified
        self.tally = tally
    }
}

/// The running totals over the stored chunks of one array.
///
/// A chunk is every key under the array's path that is not a metadata key and not under an array
/// nested deeper.
public struct ChunkTally: Hashable, Sendable {
    /// How many chunks are stored.
    public var chunks: Int64
    /// Their lengths together, in bytes, as stored.
    public var storedBytes: Int64
    /// When a chunk or the metadata changed last.
    public var changed: WallTime
    /// The content hash over (key, entity tag, length) of every chunk; equal contents, equal
    /// hashes, whatever the order of writes.
    public var contentHash: ContentHash

    /// Makes a tally of its parts.
    public init(chunks: Int64, storedBytes: Int64, changed: WallTime, contentHash: ContentHash) {
        self.chunks = chunks
        self.storedBytes = storedBytes
        self.changed = changed
        self.contentHash = contentHash
    }
}
