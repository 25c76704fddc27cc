import DiskIO
import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that the list of damage names what cannot be read now, and forgets what nothing refers to.
///
/// Method: payloads of both kinds, in blobs and in the log, are broken on the disk of an open store, and
/// found by the scrub; then objects go or are written anew, and what the list says is compared with which
/// keys can be read.
@Suite struct DamageListTests {
    static let v0 = VersionName(trustedName: "m", tag: "v0")
    static let cut = VersionName(trustedName: "m", tag: "cut")
    static let group = Array(#"{"zarr_format":3,"node_type":"group"}"#.utf8)
    /// A chunk in a blob, and one in the log.
    static let chunks = [("c/0", 70_000), ("c/1", 500)]

    static func flip(_ subject: StoreSubject, _ folder: Folder, _ key: String) throws {
        let extent = try subject.extent(key)
        if case .blob = extent {
            try Folder.flip(try folder.blobPath(extent), 4096 + 5)
        } else {
            let place = try folder.place(extent)
            try Folder.flip(place.path, place.offset + 1)
        }
    }

    /// The names of each listed place that is not healed, sorted.
    static func listed(_ ledger: DamageLedger) -> [[String]] {
        ledger.records.filter { $0.state == .found }.map { $0.objects.names.sorted() }
            .sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test func `replaced and deleted objects leave the list, and others stay`() async throws {
        let folder = try Folder()
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            var keys: [String] = []
            for (kind, bytes) in [("large", 70_000), ("small", 500)] {
                for name in ["replaced", "deleted", "kept"] {
                    keys.append("\(kind)/\(name)")
                    try await subject.put("\(kind)/\(name)", Folder.bytes(bytes, seed: keys.count))
                }
            }
            for key in keys { try Self.flip(subject, folder, key) }
            let scrub = try ScrubTests.scrub(subject, folder)
            #expect(try scrub.runPass(.unlimited).damaged == 6)
            #expect(Self.listed(ledger) == keys.sorted().map { ["subject/\($0)"] })

            for kind in ["large", "small"] {
                try await subject.put("\(kind)/replaced", Folder.bytes(600, seed: 9))
                try await subject.delete("\(kind)/deleted")
            }
            await subject.store.lookAtDamage()
            let kept = [["subject/large/kept"], ["subject/small/kept"]]
            #expect(Self.listed(ledger) == kept)
            #expect(ledger.counts.found == 6)
            // Nobody has to look for names for that.
            try await subject.delete("large/kept")
            await subject.store.dropDamageOfNothing()
            #expect(Self.listed(ledger) == [["subject/small/kept"]])
        }
    }

    @Test func `what an earlier process found is looked at again`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in
            for key in ["large/a", "large/b"] {
                try await subject.put(key, Folder.bytes(70_000, seed: 3))
            }
            for key in ["small/a", "small/b"] {
                try await subject.put(key, Folder.bytes(500, seed: 4))
            }
            for key in try await subject.contents().keys.sorted() {
                try Self.flip(subject, folder, key)
            }
            _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            for key in ["large/a", "small/a"] { try await subject.delete(key) }
        }
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            _ = try ScrubTests.scrub(subject, folder)
            #expect(ledger.records.count == 4)
            await subject.store.lookAtDamage()
            #expect(Self.listed(ledger) == [["subject/large/b"], ["subject/small/b"]])
        }
    }

    @Test func `a copy of a damaged object is named as well`() async throws {
        let folder = try Folder()
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await subject.put("large", Folder.bytes(70_000, seed: 1))
            try Self.flip(subject, folder, "large")
            _ = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(Self.listed(ledger) == [["subject/large"]])
            let key = try ObjectKey("large")
            let source = try #require(try subject.store.lookUp(key, in: subject.namespace))
            _ = try await subject.store.copy(
                from: source,
                to: try ObjectKey("copy"),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
            await subject.store.lookAtDamage()
            #expect(Self.listed(ledger) == [["subject/copy", "subject/large"]])
            try await subject.delete("large")
            await subject.store.lookAtDamage()
            #expect(Self.listed(ledger) == [["subject/copy"]])
        }
    }

    @Test func `every version and commit that shows damage is named, and none that is whole`()
        async throws
    {
        let folder = try Folder()
        let ledger = DamageLedger()
        var digest = ""
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            let (store, namespace) = (subject.store, subject.namespace)
            try await subject.put("m:v0/zarr.json", Self.group)
            for (chunk, bytes) in Self.chunks {
                try await subject.put("m:v0/\(chunk)", Folder.bytes(bytes, seed: bytes))
            }
            digest = try await store.commitVersion(Self.v0, in: namespace).digest.text
            try await store.fork(.version(Self.v0), to: Self.cut, in: namespace)
            for (chunk, _) in Self.chunks { try Self.flip(subject, folder, "m:v0/\(chunk)") }
            let scrub = try ScrubTests.scrub(subject, folder)
            _ = try scrub.runPass(.unlimited)
            try await Self.expect(["m:cut", "m:v0"], digest, ledger, subject)

            for (chunk, bytes) in Self.chunks {
                try await subject.put("m:v0/\(chunk)", Folder.bytes(bytes, seed: 7))
            }
            await store.lookAtDamage()
            try await Self.expect(["m:cut"], digest, ledger, subject)
            // A scrub that begins anew says the same.
            ledger.forget(unseenSince: WallTime(milliseconds: .max))
            _ = try scrub.runPass(.unlimited)
            try await Self.expect(["m:cut"], digest, ledger, subject)
        }
        // As does a check.
        #expect(try Self.checked(folder) == Self.expected(["m:cut"], digest))
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await subject.store.deleteVersion(Self.cut, in: subject.namespace)
            await subject.store.lookAtDamage()
            try await Self.expect([], digest, ledger, subject)
        }
        #expect(try Self.checked(folder) == Self.expected([], digest))
    }

    @Test func `what a read has healed is listed with its objects`() async throws {
        let folder = try Folder(copies: 2)
        let ledger = DamageLedger()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            let bytes = Folder.bytes(140_000, seed: 1)
            try await subject.put("large", bytes)
            let extent = try subject.extent("large")
            // Whichever copy is read first.
            try Folder.flip(try folder.blobPath(extent, on: 0), 4096 + 5)
            try Folder.flip(try folder.blobPath(extent, on: 1), 4096 + 70_000)
            #expect(try await subject.read("large") == bytes)
            // It is noted by the thread that mends.
            while !ledger.records.contains(where: { $0.state == .healed }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            await subject.store.lookAtDamage()
            #expect(
                ledger.records.contains {
                    $0.state == .healed && $0.objects.names == ["subject/large"]
                }
            )
            try await subject.delete("large")
            await subject.store.lookAtDamage()
            #expect(ledger.records.contains { $0.state == .healed })
            #expect(ledger.records.allSatisfy { $0.objects == NamedObjects() })
        }
    }

    private static func expected(_ versions: [String], _ digest: String) -> [[String]] {
        chunks.map { chunk, _ in
            (versions + ["m@\(digest)"]).map { "subject/\($0)/\(chunk)" }.sorted()
        }
    }

    /// Expects the list to name some versions and a commit, which are those that cannot be read.
    private static func expect(
        _ versions: [String],
        _ digest: String,
        _ ledger: DamageLedger,
        _ subject: StoreSubject
    ) async throws {
        #expect(listed(ledger) == expected(versions, digest))
        for (chunk, _) in chunks {
            for version in ["m:v0", "m:cut"] {
                let key = "\(version)/\(chunk)"
                guard try subject.extent(key) != nil else { continue }
                let bytes = try? await subject.read(key)
                #expect((bytes == nil) == versions.contains(version), "\(key)")
            }
        }
    }

    private static func checked(_ folder: Folder) throws -> [[String]] {
        let inspection = Inspection(
            volumeDirectories: folder.volumes,
            indexDirectory: folder.index,
            fileSystem: PosixFileSystem()
        )
        return try inspection.run(.payloads) { _ in }.disagreements
            .map { $0.objects.names.sorted() }
            .sorted { $0.lexicographicallyPrecedes($1) }
    }
}
