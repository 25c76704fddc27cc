import StorageModel

// The fields of the operations on versions; see `docs/formats/change.md`.

extension ChangeByteWriter {
    mutating func origin(_ origin: LineOrigin) {
        signed(origin.parent.number)
        text(origin.prefix)
        unsigned(UInt64(bitPattern: origin.sequence))
        byte(origin.kind.rawValue)
    }

    mutating func versionFork(_ fork: VersionFork) {
        signed(fork.namespaceLine.number)
        versionName(fork.version)
        signed(fork.line.number)
        origin(fork.origin)
        signed(fork.source.number)
        optionalText(fork.head?.text)
        guard let draft = fork.draft else { return byte(0) }
        byte(1)
        signed(draft.base.number)
        unsigned(UInt64(bitPattern: draft.sequence))
        signed(draft.expires.milliseconds)
    }

    mutating func versionCommit(_ commit: VersionCommit) {
        let manifest = commit.manifest
        signed(commit.line.number)
        origin(commit.origin)
        text(manifest.digest.text)
        versionName(manifest.version)
        signed(manifest.line.number)
        optionalText(manifest.parent?.text)
        optionalText(manifest.author?.text)
        text(manifest.message)
        signed(manifest.time.milliseconds)
        total(manifest.total)
        byte(commit.sealing.rawValue)
    }

    mutating func versionRenamings(_ renamings: [VersionRenaming]) {
        count(renamings.count)
        for renaming in renamings {
            signed(renaming.line.number)
            versionName(renaming.version)
            optionalLine(renaming.residue)
        }
    }

    mutating func versionRemoval(_ removal: VersionRemoval) {
        signed(removal.line.number)
        optionalLine(removal.residue)
    }

    mutating func digests(_ digests: [ManifestDigest]) {
        count(digests.count)
        for digest in digests { text(digest.text) }
    }

    mutating func draftAdoption(_ adoption: DraftAdoption) {
        signed(adoption.base.number)
        count(adoption.tallies.count)
        for tally in adoption.tallies {
            text(tally.path)
            total(tally.total)
        }
        versionCommit(adoption.commit)
    }

    mutating func total(_ total: LineTotal) {
        signed(total.keys)
        signed(total.bytes)
        fixed64(total.contentHash.high)
        fixed64(total.contentHash.low)
    }

    mutating func optionalText(_ value: String?) {
        guard let value else { return byte(0) }
        byte(1)
        text(value)
    }

    mutating func optionalCount(_ value: Int64?) {
        guard let value else { return byte(0) }
        byte(1)
        unsigned(UInt64(bitPattern: value))
    }

    private mutating func versionName(_ version: VersionName) {
        text(version.name)
        text(version.tag)
    }

    private mutating func optionalLine(_ line: LineID?) {
        guard let line else { return byte(0) }
        byte(1)
        signed(line.number)
    }
}

extension ChangeByteReader {
    mutating func origin() throws(ChangeFormatError) -> LineOrigin {
        LineOrigin(
            parent: LineID(try signed()),
            prefix: try text(),
            sequence: try number(),
            kind: try originKind()
        )
    }

    mutating func versionFork() throws(ChangeFormatError) -> VersionFork {
        VersionFork(
            namespaceLine: LineID(try signed()),
            version: try versionName(),
            line: LineID(try signed()),
            origin: try origin(),
            source: LineID(try signed()),
            head: try optionalDigest(),
            draft: try presence() ? try draftOrigin() : nil
        )
    }

    private mutating func draftOrigin() throws(ChangeFormatError) -> DraftOrigin {
        DraftOrigin(
            base: LineID(try signed()),
            sequence: try number(),
            expires: WallTime(milliseconds: try signed())
        )
    }

    mutating func versionCommit() throws(ChangeFormatError) -> VersionCommit {
        let line = LineID(try signed())
        let origin = try origin()
        let digest = try digest()
        let manifest = Manifest(
            digest: digest,
            version: try versionName(),
            line: LineID(try signed()),
            parent: try optionalDigest(),
            author: try optionalText().map { PrincipalName(trusted: $0) },
            message: try text(),
            time: WallTime(milliseconds: try signed()),
            total: try total()
        )
        return VersionCommit(
            line: line,
            origin: origin,
            manifest: manifest,
            sealing: try sealing()
        )
    }

    mutating func versionRenamings() throws(ChangeFormatError) -> [VersionRenaming] {
        let count = try count(bytesEach: 4)
        var renamings: [VersionRenaming] = []
        renamings.reserveCapacity(count)
        for _ in 0..<count {
            renamings.append(
                VersionRenaming(
                    line: LineID(try signed()),
                    version: try versionName(),
                    residue: try optionalLine()
                )
            )
        }
        return renamings
    }

    mutating func versionRemoval() throws(ChangeFormatError) -> VersionRemoval {
        VersionRemoval(line: LineID(try signed()), residue: try optionalLine())
    }

    mutating func digests() throws(ChangeFormatError) -> [ManifestDigest] {
        let count = try count(bytesEach: 1)
        var digests: [ManifestDigest] = []
        digests.reserveCapacity(min(count, 1024))
        for _ in 0..<count { digests.append(try digest()) }
        return digests
    }

    mutating func draftAdoption() throws(ChangeFormatError) -> DraftAdoption {
        let base = LineID(try signed())
        // A text, two numbers and twice eight bytes.
        let count = try count(bytesEach: 19)
        var tallies: [TallyDifference] = []
        tallies.reserveCapacity(count)
        for _ in 0..<count {
            tallies.append(TallyDifference(path: try text(), total: try total()))
        }
        return DraftAdoption(base: base, tallies: tallies, commit: try versionCommit())
    }

    mutating func total() throws(ChangeFormatError) -> LineTotal {
        LineTotal(
            keys: try signed(),
            bytes: try signed(),
            contentHash: ContentHash(high: try fixed64(), low: try fixed64())
        )
    }

    mutating func sealing() throws(ChangeFormatError) -> VersionSealing {
        guard let sealing = VersionSealing(rawValue: try byte()) else {
            throw .valueInvalid(field: .sealing, offset: offset)
        }
        return sealing
    }

    mutating func optionalText() throws(ChangeFormatError) -> String? {
        try presence() ? try text() : nil
    }

    mutating func optionalCount() throws(ChangeFormatError) -> Int64? {
        try presence() ? try number() : nil
    }

    mutating func originKind() throws(ChangeFormatError) -> LineOrigin.Kind {
        guard let kind = LineOrigin.Kind(rawValue: try byte()) else {
            throw .valueInvalid(field: .originKind, offset: offset)
        }
        return kind
    }

    private mutating func versionName() throws(ChangeFormatError) -> VersionName {
        VersionName(trustedName: try text(), tag: try text())
    }

    private mutating func digest() throws(ChangeFormatError) -> ManifestDigest {
        let text = try text()
        do { return try ManifestDigest(text) } catch {
            throw .valueInvalid(field: .digest, offset: offset)
        }
    }

    private mutating func optionalDigest() throws(ChangeFormatError) -> ManifestDigest? {
        try presence() ? try digest() : nil
    }

    private mutating func optionalLine() throws(ChangeFormatError) -> LineID? {
        try presence() ? LineID(try signed()) : nil
    }
}
