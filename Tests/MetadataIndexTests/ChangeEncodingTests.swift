import SeededRandom
import StorageFormats
import StorageModel
import Testing

/// Checks that a change comes back from its bytes as it was, and that no bytes trap the reader.
///
/// Method: one change of every kind with every optional part present and absent; the bytes of one
/// change written out by hand from `docs/formats/change.md`; then every truncation and seeded
/// corruptions of all of them.
@Suite struct ChangeEncodingTests {
    static let attributes = ObjectAttributes(
        systemHeaders: [HeaderField("content-type", "text/plain")],
        userMetadata: [HeaderField("farbe", "blå"), HeaderField("leer", "")]
    )
    static let checksum = ObjectChecksum(
        algorithm: .sha256,
        scope: .composite,
        text: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=-2"
    )
    static let entry = NewEntry(
        entityTag: "900150983cd24fb0d6963f7d28e17f72-2",
        attributes: attributes,
        checksums: [checksum],
        parts: [
            CompletedPart(number: 1, sizeBytes: 5_242_880, checksum: checksum),
            CompletedPart(number: 10_000, sizeBytes: 1, checksum: nil),
        ],
        payload: [
            .stored(.blob(BlobID(.max), offset: 65_536, lengthBytes: 1 << 40)),
            .stored(
                .inline(
                    position: LogPosition(1 << 50),
                    lengthBytes: 65_537,
                    blockChecksums: [1, .max]
                )
            ),
            .recorded,
        ]
    )
    static let packed = NewEntry(
        entityTag: "0",
        attributes: ObjectAttributes(),
        checksums: [],
        parts: [],
        payload: [
            .recordedPart(offset: 0, lengthBytes: 1, blockChecksums: [7]),
            .recordedPart(offset: 1, lengthBytes: 65_537, blockChecksums: [1, 2]),
        ]
    )
    static let opening = VersionOpening(
        namespaceLine: LineID(1),
        name: "a/b",
        tag: "v0",
        line: LineID(7),
        origin: LineOrigin(parent: LineID(1), prefix: "a/b:v0/", sequence: 41, kind: .adoption)
    )
    static let place = LineKey(line: LineID(7), key: ObjectKey(trusted: "c/0/é"))

    static func operations() throws -> [ChangeOperation] {
        let name = try NamespaceName("test-namespace")
        return [
            .createNamespace(
                name: name,
                owner: .root,
                access: .publicRead,
                line: LineID(1)
            ),
            .deleteNamespace(line: LineID(3)),
            .setAccess(.private, line: LineID(1)),
            .addPrincipal(
                Principal(name: PrincipalName(trusted: "u"), accessKey: "AK", secretKey: "s")
            ),
            .removePrincipal(PrincipalName(trusted: "u")),
            .putObject(
                ObjectWrite(
                    place: place,
                    entry: entry,
                    fact: CatalogFact(dialect: .zarr2, kind: .unreadable(note: "why")),
                    opening: opening
                )
            ),
            .putObject(ObjectWrite(place: place, entry: entry, fact: nil, opening: nil)),
            .putObject(
                ObjectWrite(
                    place: place,
                    entry: entry,
                    fact: CatalogFact(dialect: .hub0, kind: .array),
                    opening: nil
                )
            ),
            .deleteObjects([place, LineKey(line: LineID(1), key: ObjectKey(trusted: ""))]),
            .deleteObjects([]),
            .createUpload(
                UploadCreation(
                    id: UploadID("0f"),
                    namespaceLine: LineID(1),
                    key: ObjectKey(trusted: "k"),
                    attributes: attributes,
                    checksum: UploadChecksum(algorithm: .crc64nvme, scope: .fullObject)
                )
            ),
            .putPart(
                PartWrite(
                    upload: UploadID("0f"),
                    number: 10_000,
                    entityTag: "e",
                    checksum: checksum,
                    payload: [.recorded]
                )
            ),
            .completeUpload(
                UploadID("0f"),
                ObjectWrite(
                    place: place,
                    entry: entry,
                    fact: CatalogFact(dialect: .zarr3, kind: .group),
                    opening: nil
                )
            ),
            .abortUpload(UploadID("0f")),
            .openVersion(opening),
            .putObjects([], deleting: []),
            .putObjects(
                [
                    ObjectWrite(
                        place: place,
                        entry: entry,
                        fact: CatalogFact(dialect: .zarr3, kind: .array),
                        opening: opening
                    ),
                    ObjectWrite(place: place, entry: packed, fact: nil, opening: nil),
                ],
                deleting: [LineKey(line: LineID(1), key: ObjectKey(trusted: "gone"))]
            ),
            .relocate([]),
            .relocate([
                Relocation(
                    owner: .object(place, sequence: 41),
                    from: LogPosition(1 << 50),
                    lengthBytes: 65_537,
                    payloadOffset: 0
                ),
                Relocation(
                    owner: .part(UploadID("0f"), number: 10_000),
                    from: LogPosition(64),
                    lengthBytes: 1,
                    payloadOffset: 65_537
                ),
            ]),
        ] + versionOperations
    }

    static let version = VersionName(trustedName: "a/b", tag: "v0")
    static let digest = ManifestDigest(trusted: "sha256:" + String(repeating: "0f", count: 32))
    static let fork = LineOrigin(parent: LineID(7), prefix: "p/", sequence: 41, kind: .fork)

    static func commit(_ parent: ManifestDigest?, _ sealing: VersionSealing) -> VersionCommit {
        VersionCommit(
            line: LineID(7),
            origin: fork,
            manifest: Manifest(
                digest: digest,
                version: version,
                line: LineID(9),
                parent: parent,
                author: parent.map { _ in PrincipalName(trusted: "u") },
                message: "é",
                time: WallTime(milliseconds: -5),
                total: LineTotal(
                    keys: 3,
                    bytes: -4,
                    contentHash: ContentHash(high: .max, low: 1)
                )
            ),
            sealing: sealing
        )
    }

    static let versionOperations: [ChangeOperation] = [
        .forkVersion(
            VersionFork(
                namespaceLine: LineID(1),
                version: version,
                line: LineID(8),
                origin: fork,
                source: LineID(7),
                head: digest,
                draft: DraftOrigin(
                    base: LineID(7),
                    sequence: 40,
                    expires: WallTime(milliseconds: 99)
                )
            )
        ),
        .rollBackVersion(
            VersionFork(
                namespaceLine: LineID(1),
                version: version,
                line: LineID(8),
                origin: fork,
                source: LineID(7),
                head: nil
            )
        ),
        .commitVersion(commit(digest, .sealed)), .commitVersion(commit(nil, .open)),
        .sealVersion(line: LineID(7), .sealed), .sealVersion(line: LineID(7), .open),
        .renameVersions([
            VersionRenaming(line: LineID(7), version: version, residue: LineID(10)),
            VersionRenaming(line: LineID(8), version: version, residue: nil),
        ]),
        .removeVersion(VersionRemoval(line: LineID(7), residue: LineID(10))),
        .removeVersion(VersionRemoval(line: LineID(7), residue: nil)),
        .retainCommits(line: LineID(7), 3), .retainCommits(line: LineID(7), nil),
        .forgetCommits(namespaceLine: LineID(1), [digest]),
        .forgetCommits(namespaceLine: LineID(1), []),
        .commitDraft(DraftCommit(draft: LineID(8), commit: commit(digest, .open))),
        .adoptDraft(
            DraftAdoption(
                base: LineID(7),
                tallies: [
                    TallyDifference(
                        path: "g/a",
                        total: LineTotal(
                            keys: -1,
                            bytes: .min,
                            contentHash: ContentHash(high: 1, low: .max)
                        )
                    )
                ],
                commit: commit(digest, .open)
            )
        ),
        .countLine(LineID(7), LineTotal(keys: 1, bytes: 2, contentHash: .empty)),
        .forgetDeletions([LineKey(line: LineID(7), key: ObjectKey(trusted: "c/0"))]),
        .sweep(rowsMax: 512),
    ]

    static func changes() throws -> [Change] {
        try operations().enumerated().map { index, operation in
            Change(
                sequence: Int64(index) + 1,
                time: WallTime(milliseconds: 1_795_340_000_000),
                actor: index.isMultiple(of: 2) ? PrincipalName(trusted: "ana") : nil,
                operation: operation
            )
        }
    }

    @Test func `every kind of change comes back as it was`() throws {
        for change in try Self.changes() {
            #expect(try Change(decoding: change.encoded()) == change)
        }
    }

    @Test func `the layout is the one that the format page says`() throws {
        let change = Change(
            sequence: 300,
            time: WallTime(milliseconds: -2),
            operation: .setAccess(.publicRead, line: LineID(5))
        )
        // Version 2, kind 3, 300 = 0xAC 0x02, -2 folded is 3, no actor, access 1, 5 folded is 10.
        #expect(change.encoded() == [2, 3, 0xAC, 0x02, 3, 0, 1, 10])
        let deletion = Change(
            sequence: 1,
            time: WallTime(milliseconds: 0),
            actor: PrincipalName(trusted: "u"),
            operation: .deleteObjects([LineKey(line: LineID(1), key: ObjectKey(trusted: "ab"))])
        )
        #expect(deletion.encoded() == [2, 7, 1, 0, 1, 1, 0x75, 1, 2, 2, 0x61, 0x62])
        let relocation = Change(
            sequence: 2,
            time: WallTime(milliseconds: 0),
            operation: .relocate([
                Relocation(
                    owner: .object(
                        LineKey(line: LineID(1), key: ObjectKey(trusted: "ab")),
                        sequence: 5
                    ),
                    from: LogPosition(300),
                    lengthBytes: 9,
                    payloadOffset: 7
                ),
                Relocation(
                    owner: .part(UploadID("u"), number: 3),
                    from: LogPosition(1),
                    lengthBytes: 2,
                    payloadOffset: 16
                ),
            ])
        )
        #expect(
            relocation.encoded() == [
                2, 13, 2, 0, 0, 2, 0, 2, 2, 0x61, 0x62, 5, 0xAC, 0x02, 9, 7, 1, 1, 0x75, 3, 1, 2,
                16,
            ]
        )
    }

    @Test func `the layout of many writes is the one that the format page says`() throws {
        let entry = NewEntry(
            entityTag: "e",
            attributes: ObjectAttributes(),
            checksums: [],
            parts: [],
            payload: [.recordedPart(offset: 300, lengthBytes: 2, blockChecksums: [0x0102])]
        )
        let change = Change(
            sequence: 3,
            time: WallTime(milliseconds: 0),
            operation: .putObjects(
                [
                    ObjectWrite(
                        place: LineKey(line: LineID(1), key: ObjectKey(trusted: "ab")),
                        entry: entry,
                        fact: nil,
                        opening: nil
                    )
                ],
                deleting: [LineKey(line: LineID(1), key: ObjectKey(trusted: "c"))]
            )
        )
        #expect(
            change.encoded() == [
                // Version, kind, number, time, no actor; one write: line, key, tag, no attributes,
                // checksums or parts.
                2, 14, 3, 0, 0, 1, 2, 2, 0x61, 0x62, 1, 0x65, 0, 0, 0, 0,
                // One run: part of this record, offset, length, checksum.
                1, 3, 0xAC, 0x02, 2, 0x02, 0x01, 0, 0, 0, 0, 0, 0,
                // No fact, no opening; one deletion.
                0, 0, 1, 2, 1, 0x63,
            ]
        )
    }

    @Test func `a run lies within the payload of its record`() {
        let payload = Extent.inline(
            position: LogPosition(1000),
            lengthBytes: 10,
            blockChecksums: [9]
        )
        func extents(_ offset: Int, _ length: Int) -> [Extent]? {
            Payload(
                runs: [
                    .recordedPart(offset: offset, lengthBytes: length, blockChecksums: [5])
                ],
                recordPayload: payload
            )?.extents
        }
        #expect(
            extents(4, 6) == [
                .inline(position: LogPosition(1004), lengthBytes: 6, blockChecksums: [5])
            ]
        )
        #expect(extents(4, 7) == nil)
        #expect(extents(11, 1) == nil)
        #expect(extents(.max, .max) == nil)
        #expect(
            Payload(
                runs: [.recordedPart(offset: 0, lengthBytes: 1, blockChecksums: [5])],
                recordPayload: nil
            ) == nil
        )
    }

    @Test func `a change of version 1 is read, tells no events, and is written as it was`() throws {
        let bytes: [UInt8] = [1, 7, 1, 0, 1, 2, 2, 0x61, 0x62]
        let change = try Change(decoding: bytes)
        #expect(
            change.operation
                == .deleteObjects([LineKey(line: LineID(1), key: ObjectKey(trusted: "ab"))])
        )
        #expect(change.actor == nil && !change.tellsEvents && change.encoded() == bytes)
    }

    @Test func `a change of another version is refused`() throws {
        var bytes = try #require(try Self.changes().first).encoded()
        bytes[0] = 3
        #expect(throws: ChangeFormatError.versionUnknown(3)) { try Change(decoding: bytes) }
        #expect(throws: ChangeFormatError.truncated(offset: 0)) { try Change(decoding: []) }
    }

    @Test func `no truncation is taken for a change`() throws {
        for change in try Self.changes() {
            let bytes = change.encoded()
            for length in 0..<bytes.count {
                #expect(throws: ChangeFormatError.self) {
                    try Change(decoding: Array(bytes[..<length]))
                }
            }
            #expect(throws: ChangeFormatError.trailingBytes(count: 1)) {
                try Change(decoding: bytes + [0])
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no corruption traps the reader`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for change in try Self.changes() {
            let bytes = change.encoded()
            for _ in 0..<500 {
                var corrupt = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let at = Int.random(in: 0..<corrupt.count, using: &random)
                    corrupt[at] = random.oneIn(2) ? 0xFF : UInt8.random(in: 0...255, using: &random)
                }
                guard let read = try? Change(decoding: corrupt) else { continue }
                // What reads at all is a change that writes itself again.
                #expect(try Change(decoding: read.encoded()) == read, "seed \(seed)")
            }
        }
    }

    @Test func `a stored entry comes back as it was`() throws {
        let entry = StoredEntry(
            attributes: Self.attributes,
            checksums: [Self.checksum],
            parts: Self.entry.parts,
            payload: Payload(extents: [.blob(BlobID(7), offset: 0, lengthBytes: 10)])
        )
        let bytes = entry.encoded()
        let read = try bytes.withUnsafeBytes { try StoredEntry(decoding: $0) }
        #expect(read == entry)
    }
}
