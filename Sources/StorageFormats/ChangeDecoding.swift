import StorageModel

extension Change {
    /// Reads the metadata of a log record.
    ///
    /// - Throws: ``ChangeFormatError`` for everything that is not exactly one change of a known
    ///   version; never traps.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(ChangeFormatError) {
        var reader = ChangeByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.formatVersion || version == Self.formatVersionWithoutActor else {
            throw .versionUnknown(Int(version))
        }
        guard let kind = ChangeKind(rawValue: try reader.byte()) else {
            throw .valueInvalid(field: .kind, offset: reader.offset)
        }
        let sequence = try reader.number()
        let time = WallTime(milliseconds: try reader.signed())
        let actor =
            version > Self.formatVersionWithoutActor
            ? try reader.optionalText().map { PrincipalName(trusted: $0) } : nil
        let operation = try reader.operation(kind)
        try reader.finish()
        self.init(
            sequence: sequence,
            time: time,
            actor: actor,
            operation: operation,
            format: version
        )
    }

    /// Reads the metadata of a log record.
    public init(decoding bytes: [UInt8]) throws(ChangeFormatError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(ChangeFormatError) in try Change(decoding: buffer) }
        }
        self = try result.get()
    }
}

extension ChangeByteReader {
    fileprivate mutating func operation(
        _ kind: ChangeKind
    ) throws(ChangeFormatError) -> ChangeOperation {
        switch kind {
        case .createNamespace:
            .createNamespace(
                name: try namespaceName(),
                owner: PrincipalName(trusted: try text()),
                access: try access(),
                line: try line()
            )
        case .deleteNamespace: .deleteNamespace(line: try line())
        case .setAccess: .setAccess(try access(), line: try line())
        case .addPrincipal:
            .addPrincipal(
                Principal(
                    name: PrincipalName(trusted: try text()),
                    accessKey: try text(),
                    secretKey: try text()
                )
            )
        case .removePrincipal: .removePrincipal(PrincipalName(trusted: try text()))
        case .putObject: .putObject(try objectWrite())
        case .deleteObjects: .deleteObjects(try lineKeys())
        case .createUpload: .createUpload(try uploadCreation())
        case .putPart: .putPart(try partWrite())
        case .completeUpload: .completeUpload(UploadID(try text()), try objectWrite())
        case .abortUpload: .abortUpload(UploadID(try text()))
        case .openVersion: .openVersion(try versionOpening())
        case .relocate: .relocate(try relocations())
        case .putObjects: .putObjects(try objectWrites(), deleting: try lineKeys())
        case .forkVersion: .forkVersion(try versionFork())
        case .commitVersion: .commitVersion(try versionCommit())
        case .sealVersion: .sealVersion(line: try line(), try sealing())
        case .rollBackVersion: .rollBackVersion(try versionFork())
        case .renameVersions: .renameVersions(try versionRenamings())
        case .removeVersion: .removeVersion(try versionRemoval())
        case .retainCommits: .retainCommits(line: try line(), try optionalCount())
        case .forgetCommits: .forgetCommits(namespaceLine: try line(), try digests())
        case .commitDraft:
            .commitDraft(DraftCommit(draft: try line(), commit: try versionCommit()))
        case .adoptDraft: .adoptDraft(try draftAdoption())
        case .countLine: .countLine(try line(), try total())
        case .forgetDeletions: .forgetDeletions(try lineKeys())
        case .sweep: .sweep(rowsMax: try rowCount())
        }
    }

    private mutating func rowCount() throws(ChangeFormatError) -> Int {
        guard let count = Int(exactly: try number()) else {
            throw .valueInvalid(field: .number, offset: offset)
        }
        return count
    }

    private mutating func line() throws(ChangeFormatError) -> LineID {
        LineID(try signed())
    }

    private mutating func namespaceName() throws(ChangeFormatError) -> NamespaceName {
        let name = try text()
        do { return try NamespaceName(name) } catch {
            throw .valueInvalid(field: .namespaceName, offset: offset)
        }
    }

    private mutating func access() throws(ChangeFormatError) -> NamespaceAccess {
        guard let access = NamespaceAccess(rawValue: try byte()) else {
            throw .valueInvalid(field: .access, offset: offset)
        }
        return access
    }

    private mutating func lineKey() throws(ChangeFormatError) -> LineKey {
        LineKey(line: try line(), key: ObjectKey(trusted: try text()))
    }

    private mutating func lineKeys() throws(ChangeFormatError) -> [LineKey] {
        let count = try count(bytesEach: 2)
        var places: [LineKey] = []
        places.reserveCapacity(count)
        for _ in 0..<count { places.append(try lineKey()) }
        return places
    }

    private mutating func objectWrites() throws(ChangeFormatError) -> [ObjectWrite] {
        // Nine fields, none of them without a byte.
        let count = try count(bytesEach: 9)
        var writes: [ObjectWrite] = []
        writes.reserveCapacity(count)
        for _ in 0..<count { writes.append(try objectWrite()) }
        return writes
    }

    private mutating func objectWrite() throws(ChangeFormatError) -> ObjectWrite {
        let place = try lineKey()
        let entry = NewEntry(
            entityTag: try text(),
            attributes: try attributes(),
            checksums: try checksums(),
            parts: try parts(),
            payload: try runs()
        )
        let fact = try fact()
        let opening = try presence() ? try versionOpening() : nil
        return ObjectWrite(place: place, entry: entry, fact: fact, opening: opening)
    }

    private mutating func fact() throws(ChangeFormatError) -> CatalogFact? {
        let kind = try byte()
        guard kind != 0 else { return nil }
        guard let dialect = ArrayDialect(rawValue: try byte()) else {
            throw .valueInvalid(field: .dialect, offset: offset)
        }
        switch kind {
        case 1: return CatalogFact(dialect: dialect, kind: .array)
        case 2: return CatalogFact(dialect: dialect, kind: .group)
        case 3: return CatalogFact(dialect: dialect, kind: .unreadable(note: try text()))
        default: throw .valueInvalid(field: .nodeKind, offset: offset)
        }
    }

    private mutating func uploadCreation() throws(ChangeFormatError) -> UploadCreation {
        UploadCreation(
            id: UploadID(try text()),
            namespaceLine: try line(),
            key: ObjectKey(trusted: try text()),
            attributes: try attributes(),
            checksum: try uploadChecksum()
        )
    }

    private mutating func partWrite() throws(ChangeFormatError) -> PartWrite {
        let upload = UploadID(try text())
        let number = try partNumber()
        let entityTag = try text()
        let checksums = try checksums()
        guard checksums.count <= 1 else { throw .valueInvalid(field: .presence, offset: offset) }
        return PartWrite(
            upload: upload,
            number: number,
            entityTag: entityTag,
            checksum: checksums.first,
            payload: try runs()
        )
    }

    private mutating func versionOpening() throws(ChangeFormatError) -> VersionOpening {
        VersionOpening(
            namespaceLine: try line(),
            name: try text(),
            tag: try text(),
            line: try line(),
            origin: try origin()
        )
    }
}
