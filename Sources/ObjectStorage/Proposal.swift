import StorageFormats
import StorageModel
import Volumes

/// A change that somebody wants, with its conditions; the committer decides it against the state
/// that all earlier changes have made.
enum Proposal: Sendable {
    case createNamespace(NamespaceName, owner: PrincipalName, access: NamespaceAccess)
    case deleteNamespace(NamespaceName)
    case setAccess(NamespaceAccess, of: NamespaceName)
    case addPrincipal(Principal)
    case removePrincipal(PrincipalName)
    indirect case put(PutProposal)
    case delete([ObjectKey], in: Namespace, WritePrecondition)
    case createUpload(UploadCreation, in: NamespaceName)
    indirect case putPart(PartProposal)
    case completeUpload(CompletionProposal)
    case abortUpload(UploadID, key: ObjectKey, in: Namespace)
    case relocate(RelocationProposal)
    case write(BatchProposal)
    case version(VersionProposal)
    /// Rows of a version that say that keys were deleted are to go, where nothing needs them.
    case forgetDeletions([LineKey])
    /// So many rows that nothing may show any more are to be looked at.
    case sweep(rowsMax: Int)

    /// The payload that travels in the change's record.
    var payload: LogPayload {
        switch self {
        case .put(let put): put.payload
        case .putPart(let part): part.payload
        case .relocate(let relocation): relocation.payload
        case .write(let batch): batch.payload
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .delete, .createUpload, .completeUpload, .abortUpload, .version, .forgetDeletions,
            .sweep:
            .none
        }
    }
}

extension Proposal {
    /// Whether it is refused when the disk is nearly full; what frees room never is.
    var takesRoom: Bool {
        switch self {
        case .put, .createUpload, .putPart: true
        case .relocate(let relocation): !relocation.moves.isEmpty
        case .write(let batch): !batch.puts.isEmpty
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .delete, .completeUpload, .abortUpload, .version, .forgetDeletions, .sweep:
            false
        }
    }
}

extension Proposal {
    /// How many keys it concerns: what it costs the index.
    var changedKeyCount: Int {
        switch self {
        case .delete(let keys, _, _): keys.count
        case .relocate(let relocation): relocation.moves.count
        case .write(let batch): batch.puts.count + batch.deletions.count
        case .version(let version): version.action.changedKeyCount
        case .sweep(let rowsMax): rowsMax
        case .forgetDeletions(let places): places.count
        case .put, .completeUpload, .createNamespace, .deleteNamespace, .setAccess, .addPrincipal,
            .removePrincipal, .createUpload, .putPart, .abortUpload:
            1
        }
    }
}

extension Proposal {
    /// The keys of namespaces that may hold something else afterwards.
    var changedKeys: [LineKey] {
        switch self {
        case .put(let put): [LineKey(line: put.namespace.line, key: put.key)]
        case .completeUpload(let completion):
            [LineKey(line: completion.namespace.line, key: completion.key)]
        case .delete(let keys, let namespace, _):
            keys.map { LineKey(line: namespace.line, key: $0) }
        case .write(let batch):
            (batch.puts.map(\.key) + batch.deletions).map {
                LineKey(line: batch.namespace.line, key: $0)
            }
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .createUpload, .putPart, .abortUpload, .relocate, .version, .forgetDeletions, .sweep:
            // A relocation leaves entries right until a segment goes; see LogCleaner. What is
            // decided about versions takes out what lies in them; see EntryCache.evict.
            []
        }
    }
}

/// An object that a key is to get.
struct PutProposal: Sendable {
    let key: ObjectKey
    let namespace: Namespace
    /// The object; its entity tag as far as `tagging` gives it.
    var entry: NewEntry
    var tagging: EntityTagging
    /// What the bytes say if the key names a metadata file.
    let fact: CatalogFact?
    let origin: PayloadOrigin
    /// What `PayloadRun.recorded` in the entry stands for.
    let payload: LogPayload
    let precondition: WritePrecondition
}

/// A part that an upload is to get.
struct PartProposal: Sendable {
    /// The part; its entity tag as far as `tagging` gives it.
    var part: PartWrite
    var tagging: EntityTagging
    let key: ObjectKey
    let namespace: Namespace
    let origin: PayloadOrigin
    /// What `PayloadRun.recorded` in the part stands for.
    let payload: LogPayload
}

/// An upload that is to become an object.
struct CompletionProposal: Sendable {
    let id: UploadID
    let key: ObjectKey
    let namespace: Namespace
    let parts: [PartReference]
    let checksums: [ObjectChecksum]
    let fact: CatalogFact?
    let precondition: WritePrecondition
}

/// Runs of payload bytes in the log that are to move into this change's record.
struct RelocationProposal: Sendable {
    /// The runs; those that no longer belong to their row are passed over.
    ///
    /// With none at all the change changes nothing and moves the log on.
    let moves: [Relocation]
    /// The runs, one after the other.
    let payload: LogPayload
}

/// What became of a proposal that was not refused.
enum CommitOutcome: Sendable {
    case done
    case namespace(NamespaceCreation)
    case changedNamespace(Namespace)
    case object(ObjectEntry)
    case deletions([DeleteOutcome])
    case upload(MultipartUpload)
    case part(UploadedPart)
    case relocated(Int)
    /// The number of the change.
    case written(sequence: Int64)
    case manifest(Manifest)
}

/// Where the blobs that a proposal names come from.
enum PayloadOrigin: Sendable {
    /// Written for this proposal; nothing else names them.
    case staged
    /// Of an object that was looked up, and may have been replaced since; except those that were
    /// written for this proposal.
    case shared(staged: Set<BlobID>)
}
