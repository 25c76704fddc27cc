import DiskIO
import Foundation
import SQLiteDatabase
import StorageFormats
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that a check names each kind of disagreement, and none where there is none.
///
/// Method: a store with objects of every kind is closed; its files are broken by hand, one thing at
/// a time, and what the check names is compared with what was broken.
@Suite struct InspectionTests {
    /// Where things are in the store that ``StoreSubject/fill()`` makes.
    struct Places: Sendable {
        let large: String
        let small: (path: String, offset: Int)
        /// The payload of an object that was replaced since.
        let replaced: (path: String, offset: Int)
    }

    static func filled() async throws -> (Folder, Places) {
        let folder = try Folder()
        let places = try await StoreSubject.with(folder) { subject in
            try await subject.put("replaced", Folder.bytes(300, seed: 1))
            let replaced = try subject.extent("replaced")
            try await subject.put("replaced", Folder.bytes(300, seed: 2))
            try await subject.fill()
            return Places(
                large: try folder.blobPath(try subject.extent("large/2")),
                small: try folder.place(try subject.extent("small/20")),
                replaced: try folder.place(replaced)
            )
        }
        return (folder, places)
    }

    static func check(
        _ folder: Folder,
        _ depth: Inspection.Depth = .payloads
    ) throws -> InspectionReport {
        try Inspection(
            volumeDirectories: folder.volumes,
            indexDirectory: folder.index,
            fileSystem: PosixFileSystem()
        ).run(depth)
    }

    static func sql(_ folder: Folder, _ text: String) throws {
        let side = try SharedConnection(
            path: folder.indexFile,
            ConnectionConfiguration(access: .readWrite)
        )
        try side.withConnection { connection throws(SQLiteError) in try connection.execute(text) }
    }

    @Test func `a store that is well has nothing to name`() async throws {
        let (folder, _) = try await Self.filled()
        for depth in [Inspection.Depth.structure, .payloads] {
            let report = try Self.check(folder, depth)
            #expect(report.disagreements == [])
            #expect(report.isIndexCompared)
            // Five large objects of six, four of the small ones, and a part.
            #expect(report.blobs == 10)
            #expect(report.records > 50)
        }
        #expect(try Self.check(folder).verifiedBytes > 5 * 70_000)
        #expect(!FileManager.default.fileExists(atPath: folder.index + "/check.sqlite"))
        // The check has left the store as it was.
        try await StoreSubject.with(folder) { subject in
            let bytes = try await subject.read("large/3")
            #expect(bytes == Folder.bytes(90_000, seed: 51))
        }
    }

    @Test func `an index that is behind its log is well`() async throws {
        let folder = try Folder()
        let held = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            await subject.settle()
            try await subject.store.copyIndex(to: folder.path + "/earlier")
            try await subject.put("later", Folder.bytes(2000, seed: 9))
            return folder.path + "/earlier"
        }
        try FileManager.default.removeItem(atPath: folder.index)
        try FileManager.default.createDirectory(
            atPath: folder.index,
            withIntermediateDirectories: true
        )
        try FileManager.default.moveItem(atPath: held, toPath: folder.indexFile)
        let report = try Self.check(folder)
        #expect(report.disagreements == [])
        #expect(report.isIndexCompared)
    }

    /// Puts a blob beside another that no record names.
    @discardableResult
    static func addStray(beside blob: String) throws -> String {
        let stray = blob.dropLast(9) + "ffff.blob"
        try FileManager.default.copyItem(atPath: blob, toPath: String(stray))
        return String(stray)
    }

    @Test func `a blob that no record names is litter, and no disagreement`() async throws {
        let (folder, places) = try await Self.filled()
        let stray = try Self.addStray(beside: places.large)
        let report = try Self.check(folder)
        #expect(report.disagreements == [] && report.total == 0)
        #expect(report.litter.map(\.kind) == [.blobUnreferenced])
        #expect(report.litter.map(\.path) == [stray])
        #expect(report.litterCount == 1)
        // The next start removes it.
        try await StoreSubject.with(folder) { subject in await subject.settle() }
        #expect(try Self.check(folder).litterCount == 0)
        #expect(!FileManager.default.fileExists(atPath: stray))
    }

    struct Breakage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: Set<Disagreement.Kind>
        /// An object that must be named, where one is concerned.
        var object: String?
        let apply: @Sendable (Folder, Places) throws -> Void

        init(
            _ name: String,
            _ expected: Set<Disagreement.Kind>,
            naming object: String? = nil,
            _ apply: @escaping @Sendable (Folder, Places) throws -> Void
        ) {
            testDescription = name
            self.expected = expected
            self.object = object
            self.apply = apply
        }
    }

    static let files = [
        Breakage("a blob is gone", [.blobMissing], naming: "subject/large/2") { _, places in
            try FileManager.default.removeItem(atPath: places.large)
        },
        Breakage("a blob is cut", [.blobInvalid], naming: "subject/large/2") { _, places in
            try Folder.truncate(places.large, by: 100)
        },
        Breakage("a blob's header has a wrong bit", [.blobInvalid]) { _, places in
            try Folder.flip(places.large, 100)
        },
        Breakage("a blob's footer has a wrong bit", [.blobInvalid]) { _, places in
            try Folder.flip(places.large, 4096 + 70_002 + 9)
        },
        Breakage("a blob's payload has a wrong bit", [.blobDamaged], naming: "subject/large/2") {
            _,
            places in
            try Folder.flip(places.large, 4096 + 66_000)
        },
        Breakage(
            "a blob is there that a record may name which cannot be read",
            [.blobUnreferenced, .logRecordUnreadable]
        ) { _, places in
            try Self.addStray(beside: places.large)
            try Folder.flip(places.small.path, places.small.offset - 12)
        },
        Breakage("a small object has a wrong bit", [.payloadDamaged], naming: "subject/small/20") {
            _,
            places in
            try Folder.flip(places.small.path, places.small.offset + 5)
        },
        Breakage("bytes that nobody needs any more have a wrong bit", []) { _, places in
            try Folder.flip(places.replaced.path, places.replaced.offset + 5)
        },
        Breakage("a record has a wrong bit", [.logRecordUnreadable]) { _, places in
            try Folder.flip(places.small.path, places.small.offset - 12)
        },
        Breakage("a segment's header has a wrong bit", [.logSegmentInvalid]) { folder, _ in
            try Folder.flip(try folder.segments()[1], 20)
        },
        Breakage("a segment is gone", [.logSegmentMissing, .payloadOutside]) { folder, _ in
            try FileManager.default.removeItem(atPath: try folder.segments()[1])
        },
    ]

    @Test(arguments: files)
    func `a file that was broken is named`(_ breakage: Breakage) async throws {
        let (folder, places) = try await Self.filled()
        try breakage.apply(folder, places)
        let report = try Self.check(folder)
        #expect(Set(report.counts.keys) == breakage.expected, "\(report.disagreements)")
        if let object = breakage.object {
            #expect(report.disagreements.contains { $0.objects.names.contains(object) })
        }
    }

    @Test func `what only the payloads show is left out where they are not read`() async throws {
        let (folder, places) = try await Self.filled()
        try Folder.flip(places.large, 4096 + 66_000)
        try Folder.flip(places.small.path, places.small.offset + 5)
        #expect(try Self.check(folder, .structure).disagreements == [])
        let report = try Self.check(folder, .payloads)
        let blob = report.disagreements.first { $0.kind == .blobDamaged }
        #expect(blob?.path == places.large)
        #expect(blob?.offset == Int64(4096 + 65_536))
        let small = report.disagreements.first { $0.kind == .payloadDamaged }
        #expect(small?.path == places.small.path)
        #expect(small?.offset == Int64(places.small.offset))
    }

    static let rows: [(sql: String, expected: Set<Disagreement.Kind>)] = [
        ("DELETE FROM object WHERE key = 'small/7'", [.rowMissing, .tallyMiscount]),
        (
            "INSERT INTO object(line, key, seq, modified, size, etag, entry) "
                + "SELECT line, 'made-up', seq, modified, size, etag, entry FROM object "
                + "WHERE key = 'small/7'", [.rowExtra, .tallyMiscount]
        ),
        ("UPDATE object SET etag = 'x' WHERE key = 'small/7'", [.rowDifferent]),
        (
            "UPDATE object SET size = NULL WHERE key = 'small/7'", [.rowDifferent, .tallyMiscount]
        ),
        ("UPDATE total SET keys = keys + 1", [.rowDifferent, .tallyMiscount]),
        ("UPDATE total SET kept_bytes = kept_bytes + 1", [.rowDifferent, .tallyMiscount]),
        ("DELETE FROM event WHERE number = 1", [.rowMissing]),
        ("UPDATE tally SET chunks = chunks + 1", [.rowDifferent, .tallyMiscount]),
        ("UPDATE tally SET hash_low = hash_low + 1", [.rowDifferent, .tallyMiscount]),
        ("UPDATE blob SET refs = refs + 1", [.rowDifferent, .referenceMiscount]),
        ("DELETE FROM blob", [.rowMissing, .referenceMiscount]),
        ("UPDATE namespace SET owner = 'mallory'", [.rowDifferent]),
        ("DELETE FROM node", [.rowMissing]),
        ("DELETE FROM version", [.rowMissing, .tallyMiscount]),
        ("UPDATE version SET sealed = 1", [.rowDifferent]),
        ("DELETE FROM part WHERE number = 2", [.rowMissing]),
        ("UPDATE state SET applied = applied - 8", [.indexPosition]),
        ("UPDATE state SET sequence = sequence + 1", [.rowDifferent]),
        ("UPDATE state SET volume = 'another'", [.indexForeign]),
        ("UPDATE state SET format = 99", [.indexUnreadable]),
    ]

    @Test(arguments: rows)
    func `a row that was changed is named`(
        _ change: (sql: String, expected: Set<Disagreement.Kind>)
    ) async throws {
        let (folder, _) = try await Self.filled()
        try Self.sql(folder, change.sql)
        let report = try Self.check(folder, .structure)
        let kinds = Set(report.counts.keys)
        #expect(kinds == change.expected, "\(change.sql): \(report.disagreements)")
    }

    @Test func `no secret is named`() async throws {
        let (folder, _) = try await Self.filled()
        try await StoreSubject.with(folder) { subject in
            try await subject.store.addPrincipal(
                Principal(
                    name: try PrincipalName("ada"),
                    accessKey: "ADASKEY",
                    secretKey: "adas-secret"
                )
            )
        }
        try Self.sql(folder, "UPDATE principal SET secret_key = 'other-secret'")
        let report = try Self.check(folder, .structure)
        #expect(report.disagreements.map(\.kind) == [.rowDifferent])
        #expect(!"\(report.disagreements)".contains("-secret"))
        #expect("\(report.disagreements)".contains("secret_key"))
    }

    @Test func `an index that is missing or no database is named`() async throws {
        let (folder, _) = try await Self.filled()
        try Data("no database, but long enough to look like one".utf8)
            .write(to: URL(fileURLWithPath: folder.indexFile))
        #expect(try Self.check(folder).disagreements.map(\.kind) == [.indexUnreadable])
        try FileManager.default.removeItem(atPath: folder.index)
        #expect(try Self.check(folder).disagreements.map(\.kind) == [.indexMissing])
    }

    @Test func `a page of the index with wrong bytes is named`() async throws {
        let (folder, _) = try await Self.filled()
        // Merges what is in its log into the file first.
        try Self.sql(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
        let size = try #require(try PosixFileSystem().status(folder.indexFile)?.sizeBytes)
        for page in stride(from: 8 * 4096, to: Int(size), by: 4096) {
            try Folder.flip(folder.indexFile, page)
        }
        let report = try Self.check(folder, .structure)
        #expect((report.counts[.indexUnreadable] ?? 0) > 0, "\(report.disagreements)")
    }

    @Test func `a blob that is shorter than its object is named`() async throws {
        let (folder, places) = try await Self.filled()
        let header = Array(
            try Data(contentsOf: URL(fileURLWithPath: places.large)).prefix(4096)
        )
        let decoded = try header.withUnsafeBytes { try BlobHeader(decoding: $0) }
        let payload = Folder.bytes(500, seed: 1)
        let footer = BlobFooter(
            volumeID: decoded.volumeID,
            blobID: decoded.blobID,
            payloadBytes: 500,
            blockChecksums: LogPayload(payload).blockChecksums
        )
        try Data(header + payload + footer.encoded())
            .write(to: URL(fileURLWithPath: places.large))
        let report = try Self.check(folder)
        #expect(report.disagreements.map(\.kind) == [.blobLength])
    }

    @Test func `records that hold no change that fits are named`() async throws {
        for (body, expected) in [
            (Array("no change".utf8), Disagreement.Kind.changeUnreadable),
            (
                Change(
                    sequence: 1,
                    time: WallTime(milliseconds: 0),
                    operation: .abortUpload(UploadID("x"))
                ).encoded(), .changeInapplicable
            ),
        ] {
            let (folder, _) = try await Self.filled()
            let volume = try Volume.open(
                directory: folder.volume,
                fileSystem: PosixFileSystem(),
                VolumeConfiguration(now: folder.clock())
            )
            _ = try volume.append([LogRecord(body: body)], at: volume.logEnd)
            try volume.close()
            #expect(try Self.check(folder).disagreements.map(\.kind) == [expected])
        }
    }

    @Test func `bytes said to lie behind the log are named`() async throws {
        let (folder, places) = try await Self.filled()
        // With a log that cannot be read wholly, the index in use is what is left to go by.
        try Folder.flip(places.small.path, places.small.offset - 12)
        let entry = StoredEntry(
            attributes: ObjectAttributes(),
            checksums: [],
            parts: [],
            payload: Payload(extents: [
                .inline(position: LogPosition(1 << 40), lengthBytes: 5, blockChecksums: [0])
            ])
        )
        let hex = entry.encoded().map { String(format: "%02x", $0) }.joined()
        try Self.sql(folder, "UPDATE object SET entry = x'\(hex)' WHERE key = 'small/7'")
        let report = try Self.check(folder)
        #expect(Set(report.counts.keys) == [.logRecordUnreadable, .payloadOutside])
        let outside = report.disagreements.first { $0.kind == .payloadOutside }
        #expect(outside?.objects.names == ["subject/small/7"])
    }

    @Test func `a folder that is no volume, or is in use, is not checked`() async throws {
        let empty = try Folder()
        #expect(
            throws: MaintenanceError.volume(.labelMissing(directory: empty.volume))
        ) { try Self.check(empty) }
        #expect(!FileManager.default.fileExists(atPath: empty.volume))
        let (folder, _) = try await Self.filled()
        try await StoreSubject.with(folder) { _ in
            #expect(throws: MaintenanceError.volume(.inUse(directory: folder.volume))) {
                try Self.check(folder)
            }
        }
    }
}
