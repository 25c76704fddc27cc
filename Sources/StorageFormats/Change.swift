import StorageModel

/// One change of a store, with everything decided: the value that the log keeps and the index
/// applies.
///
/// A change says what happens, never what is to be tried: sequence, time, identifiers and routing
/// are settled before it is written, so applying the same changes to an empty index gives the same
/// index every time. One change is one log record; see `docs/formats/change.md`.
public struct Change: Hashable, Sendable {
    /// Its number; grows by one per committed change.
    public let sequence: Int64
    /// When it was decided.
    public let time: WallTime
    /// Who asked for it; nil for the server itself, and where nobody signed.
    public let actor: PrincipalName?
    /// What happens.
    public let operation: ChangeOperation
    /// The version of the encoding that it was read from, or will be written in.
    public let format: UInt8

    /// Makes a change of its parts, in the present encoding.
    public init(
        sequence: Int64,
        time: WallTime,
        actor: PrincipalName? = nil,
        operation: ChangeOperation
    ) {
        self.init(
            sequence: sequence,
            time: time,
            actor: actor,
            operation: operation,
            format: Self.formatVersion
        )
    }

    /// Whether it is told to those who follow a namespace: changes of the encoding before are older than
    /// that, and an index that is made anew of them must equal one that was converted.
    public var tellsEvents: Bool { format > Self.formatVersionWithoutActor }

    /// Makes a change as an encoding had it.
    init(
        sequence: Int64,
        time: WallTime,
        actor: PrincipalName?,
        operation: ChangeOperation,
        format: UInt8
    ) {
        self.sequence = sequence
        self.time = time
        self.actor = actor
        self.operation = operation
        self.format = format
    }
}

/// What a change does.
public enum ChangeOperation: Hashable, Sendable {
    /// A namespace comes to be, with the line that holds its plain keys.
    case createNamespace(
        name: NamespaceName,
        owner: PrincipalName,
        access: NamespaceAccess,
        line: LineID
    )
    /// An empty namespace goes, with its lines.
    case deleteNamespace(line: LineID)
    /// A namespace gets other access.
    case setAccess(NamespaceAccess, line: LineID)
    /// A principal comes to be.
    case addPrincipal(Principal)
    /// A principal goes.
    case removePrincipal(PrincipalName)
    /// A key gets an object, in place of an earlier one.
    case putObject(ObjectWrite)
    /// Keys lose their objects.
    case deleteObjects([LineKey])
    /// A multipart upload begins.
    case createUpload(UploadCreation)
    /// An upload gets a part, in place of an earlier one of its number.
    case putPart(PartWrite)
    /// An upload becomes an object and ends.
    case completeUpload(UploadID, ObjectWrite)
    /// An upload ends with nothing.
    case abortUpload(UploadID)
    /// A version gets a line of its own.
    case openVersion(VersionOpening)
    /// Payload bytes in the log move into this record's payload; what clients see stays as it is.
    case relocate([Relocation])
    /// Many keys get objects and others lose theirs, all at once; no key is named twice.
    case putObjects([ObjectWrite], deleting: [LineKey])
    /// A version or a draft comes to be, as a fork.
    case forkVersion(VersionFork)
    /// A state of a version is kept under a digest.
    case commitVersion(VersionCommit)
    /// A version is sealed, or opened again.
    case sealVersion(line: LineID, VersionSealing)
    /// A version gets a new line, which begins as a commit of it.
    case rollBackVersion(VersionFork)
    /// Versions get other names or tags, all at once.
    case renameVersions([VersionRenaming])
    /// A version or a draft goes.
    case removeVersion(VersionRemoval)
    /// A version keeps so many commits, or all.
    case retainCommits(line: LineID, Int64?)
    /// Commits are kept no longer.
    case forgetCommits(namespaceLine: LineID, [ManifestDigest])
    /// A draft's changes go into its version, row by row.
    case commitDraft(DraftCommit)
    /// A draft's line takes the place of its version's.
    case adoptDraft(DraftAdoption)
    /// What a line began with was counted.
    case countLine(LineID, LineTotal)
    /// Rows that say that keys were deleted go, where nothing needs them any more.
    case forgetDeletions([LineKey])
    /// So many rows that nothing may show any more are looked at, and removed if so.
    case sweep(rowsMax: Int)
}

/// A key and the object it gets.
public struct ObjectWrite: Hashable, Sendable {
    /// The key.
    public let place: LineKey
    /// The object.
    public let entry: NewEntry
    /// What the object says as array metadata, if its key names such a file and it is one.
    public let fact: CatalogFact?
    /// The version that this write opens first, if any; in the same change, so that no crash can
    /// come between the two.
    public let opening: VersionOpening?

    /// Makes a write of its parts.
    public init(place: LineKey, entry: NewEntry, fact: CatalogFact?, opening: VersionOpening?) {
        self.place = place
        self.entry = entry
        self.fact = fact
        self.opening = opening
    }
}

/// An object before the log has given it its number and place.
public struct NewEntry: Hashable, Sendable {
    /// The entity tag without quotes.
    public var entityTag: String
    /// System headers and user metadata.
    public let attributes: ObjectAttributes
    /// Checksums kept with it.
    public let checksums: [ObjectChecksum]
    /// The parts it was completed from.
    public let parts: [CompletedPart]
    /// Its bytes.
    public let payload: [PayloadRun]

    /// Makes an object of its parts.
    public init(
        entityTag: String,
        attributes: ObjectAttributes,
        checksums: [ObjectChecksum],
        parts: [CompletedPart],
        payload: [PayloadRun]
    ) {
        self.entityTag = entityTag
        self.attributes = attributes
        self.checksums = checksums
        self.parts = parts
        self.payload = payload
    }
}

/// A run of payload bytes as a change names it.
public enum PayloadRun: Hashable, Sendable {
    /// The payload of this very record.
    case recorded
    /// A part of the payload of this very record, with the checksums of its own blocks.
    case recordedPart(offset: Int, lengthBytes: Int, blockChecksums: [UInt64])
    /// Stored before.
    case stored(Extent)
}

/// A multipart upload that begins.
public struct UploadCreation: Hashable, Sendable {
    /// Its name.
    public let id: UploadID
    /// The namespace, by its line.
    public let namespaceLine: LineID
    /// The key that completion will write.
    public let key: ObjectKey
    /// What the client said about the object to be.
    public let attributes: ObjectAttributes
    /// The checksum it was begun with, if any.
    public let checksum: UploadChecksum?

    /// Makes a creation of its parts.
    public init(
        id: UploadID,
        namespaceLine: LineID,
        key: ObjectKey,
        attributes: ObjectAttributes,
        checksum: UploadChecksum?
    ) {
        self.id = id
        self.namespaceLine = namespaceLine
        self.key = key
        self.attributes = attributes
        self.checksum = checksum
    }
}

/// A part that an upload gets.
public struct PartWrite: Hashable, Sendable {
    /// The upload.
    public let upload: UploadID
    /// The part's number.
    public let number: Int
    /// Its entity tag without quotes.
    public var entityTag: String
    /// The checksum it was uploaded with, if any.
    public let checksum: ObjectChecksum?
    /// Its bytes.
    public let payload: [PayloadRun]

    /// Makes a part of its values.
    public init(
        upload: UploadID,
        number: Int,
        entityTag: String,
        checksum: ObjectChecksum?,
        payload: [PayloadRun]
    ) {
        self.upload = upload
        self.number = number
        self.entityTag = entityTag
        self.checksum = checksum
        self.payload = payload
    }
}

/// A version that gets a line of its own: a fork of what a prefix of another line held.
public struct VersionOpening: Hashable, Sendable {
    /// The namespace, by its line.
    public let namespaceLine: LineID
    /// The version's name; may hold `/`.
    public let name: String
    /// The version's tag.
    public let tag: String
    /// The new line.
    public let line: LineID
    /// What it begins with.
    public let origin: LineOrigin

    /// Makes an opening of its parts.
    public init(
        namespaceLine: LineID,
        name: String,
        tag: String,
        line: LineID,
        origin: LineOrigin
    ) {
        self.namespaceLine = namespaceLine
        self.name = name
        self.tag = tag
        self.line = line
        self.origin = origin
    }

    /// What the version's keys begin with in its namespace: `name:tag/`.
    public var keyPrefix: String { "\(name):\(tag)/" }
}

/// What a line begins with: a prefix of another line as it was after a change.
public struct LineOrigin: Hashable, Sendable {
    /// How the parent goes on.
    public enum Kind: UInt8, Hashable, Sendable {
        /// The parent keeps the prefix and goes its own way.
        case fork = 0
        /// The new line takes the prefix over: in the parent it can no longer be reached.
        case adoption = 1
        /// The new line, which was that of a draft, took the place of the parent as its version's line.
        case succession = 2
    }

    /// The parent line.
    public let parent: LineID
    /// What the parent's keys begin with; the new line's keys are what follows.
    public let prefix: String
    /// The last change of the parent that the new line sees.
    public let sequence: Int64
    /// How the parent goes on.
    public let kind: Kind

    /// Makes an origin of its parts.
    public init(parent: LineID, prefix: String, sequence: Int64, kind: Kind) {
        self.parent = parent
        self.prefix = prefix
        self.sequence = sequence
        self.kind = kind
    }
}
