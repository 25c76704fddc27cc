import StorageModel

extension Change {
    /// The version that this program writes.
    public static let formatVersion: UInt8 = 2

    /// The version before, which is read.
    static let formatVersionWithoutActor: UInt8 = 1

    /// The change as the metadata of a log record; see `docs/formats/change.md`.
    public func encoded() -> [UInt8] {
        var writer = ChangeByteWriter()
        writer.byte(format)
        writer.byte(operation.kind.rawValue)
        writer.unsigned(UInt64(bitPattern: sequence))
        writer.signed(time.milliseconds)
        if format > Self.formatVersionWithoutActor { writer.optionalText(actor?.text) }
        writer.operation(operation)
        return writer.bytes
    }
}

/// The byte that says what a change does.
///
/// Numbers are never used again for something else.
enum ChangeKind: UInt8 {
    case createNamespace = 1
    case deleteNamespace = 2
    case setAccess = 3
    case addPrincipal = 4
    case removePrincipal = 5
    case putObject = 6
    case deleteObjects = 7
    case createUpload = 8
    case putPart = 9
    case completeUpload = 10
    case abortUpload = 11
    case openVersion = 12
    case relocate = 13
    case putObjects = 14
    case forkVersion = 15
    case commitVersion = 16
    case sealVersion = 17
    case rollBackVersion = 18
    case renameVersions = 19
    case removeVersion = 20
    case retainCommits = 21
    case forgetCommits = 22
    case commitDraft = 23
    case countLine = 24
    case sweep = 25
    case adoptDraft = 26
    case forgetDeletions = 27
}

extension ChangeOperation {
    var kind: ChangeKind {
        switch self {
        case .createNamespace: .createNamespace
        case .deleteNamespace: .deleteNamespace
        case .setAccess: .setAccess
        case .addPrincipal: .addPrincipal
        case .removePrincipal: .removePrincipal
        case .putObject: .putObject
        case .deleteObjects: .deleteObjects
        case .createUpload: .createUpload
        case .putPart: .putPart
        case .completeUpload: .completeUpload
        case .abortUpload: .abortUpload
        case .openVersion: .openVersion
        case .relocate: .relocate
        case .putObjects: .putObjects
        case .forkVersion: .forkVersion
        case .commitVersion: .commitVersion
        case .sealVersion: .sealVersion
        case .rollBackVersion: .rollBackVersion
        case .renameVersions: .renameVersions
        case .removeVersion: .removeVersion
        case .retainCommits: .retainCommits
        case .forgetCommits: .forgetCommits
        case .commitDraft: .commitDraft
        case .adoptDraft: .adoptDraft
        case .forgetDeletions: .forgetDeletions
        case .countLine: .countLine
        case .sweep: .sweep
        }
    }
}

extension ChangeByteWriter {
    fileprivate mutating func operation(_ operation: ChangeOperation) {
        switch operation {
        case .createNamespace(let name, let owner, let access, let line):
            text(name.text)
            text(owner.text)
            byte(access.rawValue)
            signed(line.number)
        case .deleteNamespace(let line):
            signed(line.number)
        case .setAccess(let access, let line):
            byte(access.rawValue)
            signed(line.number)
        case .addPrincipal(let principal):
            text(principal.name.text)
            text(principal.accessKey)
            text(principal.secretKey)
        case .removePrincipal(let name):
            text(name.text)
        case .putObject(let write):
            objectWrite(write)
        case .deleteObjects(let places):
            count(places.count)
            for place in places { lineKey(place) }
        case .createUpload(let creation):
            uploadCreation(creation)
        case .putPart(let part):
            partWrite(part)
        case .completeUpload(let id, let write):
            text(id.text)
            objectWrite(write)
        case .abortUpload(let id):
            text(id.text)
        case .openVersion(let opening):
            versionOpening(opening)
        case .relocate(let moves):
            relocations(moves)
        case .putObjects(let writes, let places):
            count(writes.count)
            for write in writes { objectWrite(write) }
            count(places.count)
            for place in places { lineKey(place) }
        case .forkVersion, .commitVersion, .sealVersion, .rollBackVersion, .renameVersions,
            .removeVersion, .retainCommits, .forgetCommits, .commitDraft, .adoptDraft,
            .countLine, .forgetDeletions, .sweep:
            versionOperation(operation)
        }
    }

    private mutating func versionOperation(_ operation: ChangeOperation) {
        switch operation {
        case .forkVersion(let fork), .rollBackVersion(let fork):
            versionFork(fork)
        case .commitVersion(let commit):
            versionCommit(commit)
        case .sealVersion(let line, let sealing):
            signed(line.number)
            byte(sealing.rawValue)
        case .renameVersions(let renamings):
            versionRenamings(renamings)
        case .removeVersion(let removal):
            versionRemoval(removal)
        case .retainCommits(let line, let commits):
            signed(line.number)
            optionalCount(commits)
        case .forgetCommits(let namespaceLine, let commits):
            signed(namespaceLine.number)
            digests(commits)
        case .commitDraft(let draft):
            signed(draft.draft.number)
            versionCommit(draft.commit)
        case .adoptDraft(let adoption):
            draftAdoption(adoption)
        case .countLine(let line, let counted):
            signed(line.number)
            total(counted)
        case .forgetDeletions(let places):
            count(places.count)
            for place in places { lineKey(place) }
        case .sweep(let rowsMax):
            count(rowsMax)
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .putObject, .deleteObjects, .createUpload, .putPart, .completeUpload, .abortUpload,
            .openVersion, .relocate, .putObjects:
            preconditionFailure("an operation on versions")
        }
    }

    private mutating func lineKey(_ place: LineKey) {
        signed(place.line.number)
        text(place.key.text)
    }

    private mutating func objectWrite(_ write: ObjectWrite) {
        lineKey(write.place)
        text(write.entry.entityTag)
        attributes(write.entry.attributes)
        checksums(write.entry.checksums)
        parts(write.entry.parts)
        runs(write.entry.payload)
        fact(write.fact)
        guard let opening = write.opening else { return byte(0) }
        byte(1)
        versionOpening(opening)
    }

    private mutating func fact(_ fact: CatalogFact?) {
        guard let fact else { return byte(0) }
        switch fact.kind {
        case .array:
            byte(1)
            byte(fact.dialect.rawValue)
        case .group:
            byte(2)
            byte(fact.dialect.rawValue)
        case .unreadable(let note):
            byte(3)
            byte(fact.dialect.rawValue)
            text(note)
        }
    }

    private mutating func uploadCreation(_ creation: UploadCreation) {
        text(creation.id.text)
        signed(creation.namespaceLine.number)
        text(creation.key.text)
        attributes(creation.attributes)
        uploadChecksum(creation.checksum)
    }

    private mutating func partWrite(_ part: PartWrite) {
        text(part.upload.text)
        count(part.number)
        text(part.entityTag)
        checksums(part.checksum.map { [$0] } ?? [])
        runs(part.payload)
    }

    private mutating func versionOpening(_ opening: VersionOpening) {
        signed(opening.namespaceLine.number)
        text(opening.name)
        text(opening.tag)
        signed(opening.line.number)
        origin(opening.origin)
    }
}
