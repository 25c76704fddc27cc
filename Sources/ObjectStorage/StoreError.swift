import StorageModel

/// A failure of the storage engine.
public enum StoreError: Error, Hashable, Sendable {
    /// No namespace has this name, or it was deleted meanwhile.
    case namespaceMissing(NamespaceName)
    /// Another principal owns a namespace of this name.
    case namespaceTaken(NamespaceName)
    /// The namespace holds objects and cannot be deleted.
    case namespaceNotEmpty(NamespaceName)
    /// A principal of this name, or with this access key, exists already.
    case principalTaken(PrincipalName)
    /// No principal has this name, or it is root, whose keys come from the configuration.
    case principalMissing(PrincipalName)
    /// What the writer demanded of the key does not hold; nothing was written.
    case preconditionFailed
    /// The key holds no object, and the writer demanded one (`If-Match` on a missing key).
    case objectMissing(ObjectKey)
    /// The object that was looked up has been replaced meanwhile and its bytes are gone; look it up
    /// again.
    case objectReplaced
    /// A batch writes or deletes a key twice.
    case keyRepeated(ObjectKey)
    /// No upload of this name is in progress for this key.
    case uploadMissing(UploadID)
    /// A part that completion names was not uploaded, or has another entity tag or checksum.
    case partInvalid(number: Int)
    /// The parts that completion names are not in ascending order.
    case partOrderInvalid
    /// A part other than the last is smaller than S3 allows.
    case partTooSmall(number: Int, sizeBytes: Int64)
    /// A part number outside `1...10_000`.
    case partNumberInvalid(Int)
    /// Completion names no part.
    case partsEmpty
    /// A range that does not lie within the object.
    case rangeInvalid
    /// More bytes than one object or part may have.
    case payloadTooLarge
    /// The bytes do not have the MD5 that the writer says; nothing was written.
    case digestMismatch
    /// Stored bytes fail their checksum; none of them was handed out.
    case checksumMismatch
    /// The disk is full.
    case outOfSpace
    /// A read or write failed, and nothing of it counts; others may succeed.
    case inputOutputFailed
    /// The volume failed; writing has stopped until the server is restarted.
    case volumeFailed
    /// The index failed; it is derived data and is brought up to date on the next start.
    case indexFailed
    /// More is waiting than the store accepts; try again later.
    case overloaded
    /// The store is closed, or closing.
    case closed
    /// Something is not done to a version.
    case version(VersionError)
    /// The volume cannot be opened.
    case openFailed(StoreOpenFailure)
}

/// Why a store cannot be opened.
public enum StoreOpenFailure: Error, Hashable, Sendable {
    /// Another process uses the directory.
    case inUse(directory: String)
    /// The directory holds logs or blobs but no label that says whose they are.
    case labelMissing(directory: String)
    /// The volume belongs to another Nave.
    case foreign(directory: String)
    /// Two directories have each gone on without the other.
    case split(directory: String, other: String)
    /// Two directories hold the same volume: one is a copy of the other.
    case volumeTwice(directory: String, other: String)
    /// The directory holds a volume that was forgotten, as the others say.
    case forgotten(directory: String)
    /// No directory that holds the whole log was given; these volumes hold it.
    case logUnavailable(missing: [String])
    /// There are too few directories for so many copies, or too many.
    case copiesInvalid(copies: Int, volumes: Int)
    /// A file was written by a version that this program does not know.
    case versionUnknown(path: String, version: UInt64)
    /// A volume has no directory of blobs, which is made before its label, and no other has copies.
    case blobsMissing(directory: String)
    /// The log was cleaned behind snapshots of the index, and neither one of them nor an index is there
    /// that can be read.
    case snapshotsMissing(directory: String)
    /// A file is damaged where it must not be.
    case damaged(path: String, offset: Int64)
    /// The log holds a change that this program cannot read or apply.
    case changeUnreadable(position: LogPosition)
    /// There is no room on the disk for what opening writes.
    case outOfSpace(path: String)
    /// A system call failed.
    case inputOutput(path: String, errorNumber: Int32)
    /// There is no index, no snapshot of it that can be read, and the log was cleaned.
    case indexLost(directory: String)
    /// The index database cannot be used.
    case index(path: String, message: String)
}
