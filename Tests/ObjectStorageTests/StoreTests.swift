import DiskIO
import Foundation
import Logging
import NIOCore
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks names, versions as clients see them, recognition, opening and closing.
///
/// Method: worked cases over a real folder.
@Suite struct StoreTests {
    static let array = """
        {"zarr_format":3,"node_type":"array","shape":[100],"data_type":"uint8",
        "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[10]}},
        "chunk_key_encoding":{"name":"default"},"fill_value":0,"codecs":[{"name":"bytes"}],
        "attributes":{}}
        """

    @Test func `a version opens with its metadata and keeps what was there`() async throws {
        try await StoreSubject.with { subject in
            try await subject.put("big:v0/c/0", "zero")
            try await subject.put("big:v0/c/1", "one")
            try await subject.put("a", "a")
            #expect(try subject.store.versions(of: "big", in: subject.namespace).isEmpty)
            try await subject.put("big:v0/zarr.json", Self.array)
            let versions = try subject.store.versions(of: "big", in: subject.namespace)
            #expect(versions.map(\.tag) == ["v0"])
            try await subject.put("big:v0/c/1", "uno")
            try await subject.put("big:v0/c/2", "two")
            try await subject.put("z", "z")
            let all = ["a", "big:v0/c/0", "big:v0/c/1", "big:v0/c/2", "big:v0/zarr.json", "z"]
            #expect(try await subject.keys() == all)
            #expect(try await subject.read("big:v0/c/0") == Array("zero".utf8))
            #expect(try await subject.read("big:v0/c/1") == Array("uno".utf8))

            let node = try #require(
                try subject.store.node(
                    ArrayPlace(name: "big", tag: "v0"),
                    in: subject.namespace
                )
            )
            #expect(node.tally?.chunks == 3)
            #expect(node.tally?.storedBytes == 10)
            let line = try #require(versions.first).line
            let found = try subject.store.lookUp(["c/0", "c/9", "zarr.json"], line: line)
            #expect(found.map { $0 != nil } == [true, false, true])
            #expect(
                try subject.store.list(prefix: "c/", line: line, limit: 10).map(\.key.text)
                    == ["c/0", "c/1", "c/2"]
            )
            for key in all {
                try await subject.store.delete(try ObjectKey(key), in: subject.namespace)
            }
            #expect(try await subject.keys().isEmpty)
            try await subject.store.deleteNamespace(subject.namespace.name)
            #expect(subject.store.namespace(subject.namespace.name) == nil)
        }
    }

    @Test func `metadata is recognised by whatever way it comes, and never refused`() async throws {
        try await StoreSubject.with { subject in
            let store = subject.store
            func kind(_ name: String) throws -> NodeKind? {
                try store.node(
                    ArrayPlace(name: name, tag: "latest"),
                    in: subject.namespace
                )?.fact.kind
            }
            let entry = try await subject.put("one/zarr.json", Self.array)
            #expect(try kind("one") == .array)
            _ = try await store.copy(
                from: entry,
                to: try ObjectKey("two/zarr.json"),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
            #expect(try kind("two") == .array)
            let key = try ObjectKey("three/zarr.json")
            let upload = try await store.createUpload(key, in: subject.namespace)
            let part = try await UploadTests.part(subject, upload, 1, Array(Self.array.utf8))
            _ = try await store.completeUpload(
                upload.id,
                key: key,
                in: subject.namespace,
                parts: [part]
            )
            #expect(try kind("three") == .array)
            // Longer than what travels in the log.
            let padded = Self.array + String(repeating: " ", count: 3000)
            try await subject.put("four/zarr.json", padded)
            #expect(try kind("four") == .array)

            try await subject.put("five/zarr.json", "not json")
            guard case .unreadable = try kind("five") else {
                Issue.record("nonsense is noted as unreadable")
                return
            }
            let tooLong = [UInt8](repeating: 0x20, count: 4_194_305)
            try await subject.put("six/zarr.json", tooLong)
            guard case .unreadable = try kind("six") else {
                Issue.record("too long is noted as unreadable")
                return
            }
            try await subject.put("seven/info.txt", "notes for people")
            #expect(try kind("seven") == nil)

            try await subject.put("one/zarr.json", #"{"zarr_format":3,"node_type":"group"}"#)
            #expect(try kind("one") == .group)
            try await store.delete(try ObjectKey("one/zarr.json"), in: subject.namespace)
            #expect(try kind("one") == nil)
        }
    }

    @Test func `namespaces and principals are known at once and after reopening`() async throws {
        let folder = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ann = PrincipalName(trusted: "ann")
        let name = try NamespaceName("of-ann")
        try await StoreSubject.with(folder) { subject in
            let store = subject.store
            guard case .created = try await store.createNamespace(name, owner: ann) else {
                Issue.record("a new namespace is created")
                return
            }
            guard case .alreadyYours = try await store.createNamespace(name, owner: ann) else {
                Issue.record("asking again is no error")
                return
            }
            await #expect(throws: StoreError.namespaceTaken(name)) {
                try await store.createNamespace(name, owner: .root)
            }
            try await store.setAccess(.publicRead, of: name)
            try await store.addPrincipal(Principal(name: ann, accessKey: "AK", secretKey: "s"))
            await #expect(throws: StoreError.principalTaken(ann)) {
                try await store.addPrincipal(Principal(name: ann, accessKey: "BK", secretKey: "s"))
            }
            let bob = PrincipalName(trusted: "bob")
            for taken in ["AK", "ROOT"] {
                await #expect(throws: StoreError.principalTaken(bob)) {
                    try await store.addPrincipal(
                        Principal(name: bob, accessKey: taken, secretKey: "s")
                    )
                }
            }
            await #expect(throws: StoreError.principalMissing(.root)) {
                try await store.removePrincipal(.root)
            }
            #expect(store.principal(accessKey: "AK")?.name == ann)
        }
        try await StoreSubject.with(folder) { subject in
            let store = subject.store
            #expect(store.namespace(name)?.access == .publicRead)
            #expect(store.namespace(name)?.owner == ann)
            #expect(store.namespaces().map(\.name.text) == ["of-ann", "subject"])
            #expect(store.principals().map(\.name.text) == ["ann", "root"])
            #expect(store.principal(accessKey: "ROOT")?.isRoot == true)
            try await store.removePrincipal(ann)
            #expect(store.principal(accessKey: "AK") == nil)
            try await store.deleteNamespace(name)
            await #expect(throws: StoreError.namespaceMissing(name)) {
                try await store.deleteNamespace(name)
            }
        }
    }

    @Test func `a namespace with objects stays, and one created anew is another`() async throws {
        try await StoreSubject.with { subject in
            let store = subject.store
            try await subject.put("m:v0/zarr.json", Self.array)
            await #expect(throws: StoreError.namespaceNotEmpty(subject.namespace.name)) {
                try await store.deleteNamespace(subject.namespace.name)
            }
            try await store.delete(try ObjectKey("m:v0/zarr.json"), in: subject.namespace)
            let upload = try await store.createUpload(try ObjectKey("k"), in: subject.namespace)
            try await store.deleteNamespace(subject.namespace.name)
            _ = try await store.createNamespace(subject.namespace.name, owner: .root)
            // Whoever still holds the old one writes nowhere.
            await #expect(throws: StoreError.namespaceMissing(subject.namespace.name)) {
                try await subject.put("k", "lost")
            }
            await #expect(throws: StoreError.namespaceMissing(subject.namespace.name)) {
                try await UploadTests.part(subject, upload, 1, [1])
            }
            let anew = try #require(store.namespace(subject.namespace.name))
            #expect(anew.line != subject.namespace.line)
            #expect(try await store.list(ListQuery(), in: anew) == ListPage())
        }
    }

    @Test func `one directory, one store; a closed one says so`() async throws {
        let folder = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try await StoreSubject.with(folder) { subject in
            await #expect(throws: StoreError.self) {
                try await StoreSubject.with(folder) { _ in }
            }
            return subject.store
        }
        await #expect(throws: StoreError.closed) {
            try await store.createNamespace(try NamespaceName("late"), owner: .root)
        }
        let stage = store.stagePayload(expectedBytes: 1_000_000)
        await #expect(throws: StoreError.closed) {
            try await stage.append(ByteBuffer(bytes: StoreSubject.bytes(100_000, seed: 1)))
            _ = try await stage.finish()
        }
    }

    @Test(arguments: ["missing", "garbage", "foreign"])
    func `an index that is of no use is made anew`(_ what: String) async throws {
        let folder = StoreSubject.newFolder()
        let other = StoreSubject.newFolder()
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: other)
        }
        for path in [folder, other] {
            try await StoreSubject.with(path) { subject in
                try await subject.put("k", path)
                try await subject.put("long", StoreSubject.bytes(2000, seed: 1))
            }
        }
        try FileManager.default.removeItem(atPath: folder + "/index")
        try FileManager.default.createDirectory(
            atPath: folder + "/index",
            withIntermediateDirectories: true
        )
        switch what {
        case "garbage":
            try Data(repeating: 7, count: 10_000).write(
                to: URL(fileURLWithPath: folder + "/index/nave.sqlite")
            )
        case "foreign":
            try FileManager.default.removeItem(atPath: folder + "/index")
            try FileManager.default.copyItem(
                atPath: other + "/index",
                toPath: folder + "/index"
            )
        default: break
        }
        try await StoreSubject.with(folder) { subject in
            let short = try await subject.read("k")
            #expect(short == Array(folder.utf8))
            let long = try await subject.read("long")
            #expect(long == StoreSubject.bytes(2000, seed: 1))
            #expect(try await subject.blobFiles().count == 1)
        }
    }

    @Test func `stored bytes that rot are never handed out`() async throws {
        let folder = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await StoreSubject.with(folder) { subject in
            try await subject.put("long", StoreSubject.bytes(100_000, seed: 1))
            let name = try #require(try await subject.blobFiles().first)
            let path = folder + "/volume/blobs/" + name
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.seek(toOffset: 90_000)
            let byte = try #require(try handle.read(upToCount: 1)?.first)
            try handle.seek(toOffset: 90_000)
            try handle.write(contentsOf: Data([byte ^ 1]))
            try handle.close()
            let entry = try #require(try subject.entry("long"))
            let head = try await subject.read(entry, 0..<60_000)
            #expect(head == Array(StoreSubject.bytes(100_000, seed: 1)[..<60_000]))
            await #expect(throws: StoreError.checksumMismatch) {
                try await subject.read(entry, 60_000..<100_000)
            }
        }
    }
}
