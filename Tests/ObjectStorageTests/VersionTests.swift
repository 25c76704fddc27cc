import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks what versions and drafts show, whom they hide it from, and what is told of them.
///
/// Method: worked cases on a store of its own. What is refused, and that no row is lost or left, is checked
/// against a model in the simulation (`VersionLifeTests`).
@Suite struct VersionTests {
    static let v0 = VersionName(trustedName: "m", tag: "v0")
    static let v1 = VersionName(trustedName: "m", tag: "v1")
    static let ana = PrincipalName(trusted: "ana")
    static let group = #"{"zarr_format":3,"node_type":"group"}"#

    /// A store with the version `m:v0`, a group with two chunks beside it.
    static func withVersion(_ body: (StoreSubject) async throws -> Void) async throws {
        try await StoreSubject.with { subject in
            try await subject.put("m:v0/zarr.json", group)
            try await subject.put("m:v0/c/0", "zero")
            try await subject.put("m:v0/c/1", "one")
            try await body(subject)
        }
    }

    @Test func `a commit is read by its digest whatever becomes of its version`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            let first = try await store.commitVersion(
                Self.v0,
                in: subject.namespace,
                message: "first",
                actor: Self.ana
            )
            #expect(first.author == Self.ana && first.message == "first" && first.parent == nil)
            #expect(first.total.keys == 3 && first.version == Self.v0)
            // Nothing new is no new commit.
            let again = try await store.commitVersion(Self.v0, in: subject.namespace)
            #expect(again == first)
            try await subject.put("m:v0/c/0", "changed")
            try await store.delete(try ObjectKey("m:v0/c/1"), in: subject.namespace)
            let second = try await store.commitVersion(Self.v0, in: subject.namespace)
            #expect(second.parent == first.digest)
            let history = try store.history(
                from: second.digest,
                in: subject.namespace,
                limit: 10
            )
            #expect(history == [second, first])
            let entry = try #require(try store.lookUp("c/0", line: first.line))
            #expect(try await subject.read(entry) == Array("zero".utf8))
            #expect(try store.lookUp("c/1", line: first.line) != nil)
            #expect(try store.node(path: "", line: first.line)?.fact.kind == .group)
            #expect(try store.lookUp("c/1", line: second.line) == nil)
        }
    }

    @Test func `equal contents have equal hashes, whatever the way to them`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            let first = try await store.commitVersion(Self.v0, in: subject.namespace)
            // The same by hand, in another order, with a detour.
            try await subject.put("other:x/c/1", "one")
            try await subject.put("other:x/c/0", "detour")
            try await subject.put("other:x/zarr.json", Self.group)
            try await subject.put("other:x/c/0", "zero")
            let other = try await store.commitVersion(
                VersionName(trustedName: "other", tag: "x"),
                in: subject.namespace
            )
            #expect(other.total == first.total && other.digest != first.digest)
            // And from a folder, which is counted at the first commit.
            for (key, text) in [("zarr.json", Self.group), ("c/0", "zero"), ("c/1", "one")] {
                try await subject.put("folder/\(key)", text)
            }
            let fork = try await store.fork(.folder("folder"), to: Self.v1, in: subject.namespace)
            #expect(fork.total == nil && fork.isChanged)
            try await subject.put("m:v1/c/1", "uno")
            try await subject.put("m:v1/c/1", "one")
            let folder = try await store.commitVersion(Self.v1, in: subject.namespace)
            #expect(folder.total == first.total)
        }
    }

    @Test func `a sealed version refuses writes of every kind, and says which`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            let namespace = subject.namespace
            let sealed = StoreError.version(.sealed(Self.v0))
            let upload = try await store.createUpload(try ObjectKey("m:v0/c/9"), in: namespace)
            let part = try await store.putPart(
                1,
                of: upload,
                in: namespace,
                try await subject.stage([1, 2, 3]),
                entityTag: .given(StoreSubject.tag([1, 2, 3]))
            )
            let manifest = try await store.seal(Self.v0, in: namespace)
            #expect(try store.versionState(Self.v0, in: namespace)?.head == manifest.digest)
            await #expect(throws: sealed) { try await subject.put("m:v0/c/0", "no") }
            await #expect(throws: sealed) {
                try await store.delete(try ObjectKey("m:v0/c/0"), in: namespace)
            }
            await #expect(throws: sealed) {
                try await store.createUpload(try ObjectKey("m:v0/c/8"), in: namespace)
            }
            await #expect(throws: sealed) {
                try await store.completeUpload(
                    upload.id,
                    key: try ObjectKey("m:v0/c/9"),
                    in: namespace,
                    parts: [PartReference(number: 1, entityTag: part.entityTag)]
                )
            }
            try await subject.put("plain", "yes")
            let keys = try ["m:v0/c/0", "plain", "m:v0/none"].map { try ObjectKey($0) }
            let outcomes = try await store.delete(keys, in: namespace)
            #expect(outcomes == [.sealed(Self.v0), .deleted, .sealed(Self.v0)])
            #expect(try await subject.read("m:v0/c/0") == Array("zero".utf8))
            try await store.unseal(Self.v0, in: namespace)
            try await subject.put("m:v0/c/0", "yes")
        }
    }

    @Test func `a draft is private until it is committed, and then there at once`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            let namespace = subject.namespace
            let draft = try await store.createDraft(of: Self.v0, in: namespace, actor: Self.ana)
            let prefix = draft.version.keyPrefix
            try await subject.put(prefix + "c/0", "drafted")
            try await subject.put(prefix + "g/zarr.json", Self.group)
            try await store.delete(try ObjectKey(prefix + "c/1"), in: namespace)
            #expect(try await subject.keys() == ["m:v0/c/0", "m:v0/c/1", "m:v0/zarr.json"])
            let own = try await subject.keys(ListQuery(prefix: prefix))
            #expect(own == ["c/0", "g/zarr.json", "zarr.json"].map { prefix + $0 })
            #expect(try store.nodes(in: namespace, limit: 10).map(\.place.tag) == ["v0"])
            let nodes = try store.nodes(
                in: namespace,
                scope: .version(name: "m", tag: draft.version.tag),
                limit: 10
            )
            #expect(nodes.map(\.path) == ["", "g"])
            #expect(try store.versionStates(in: namespace, limit: 9).map(\.version) == [Self.v0])
            #expect(try store.drafts(in: namespace, limit: 9).map(\.version) == [draft.version])

            try await subject.put("m:v0/c/2", "meanwhile")
            let manifest = try await store.commitDraft(draft.version, in: namespace)
            #expect(try await subject.read("m:v0/c/0") == Array("drafted".utf8))
            let shown = ["m:v0/c/0", "m:v0/c/2", "m:v0/g/zarr.json", "m:v0/zarr.json"]
            #expect(try await subject.keys() == shown)
            #expect(try store.nodes(in: namespace, limit: 10).map(\.path) == ["", "g"])
            #expect(try store.versionState(Self.v0, in: namespace)?.head == manifest.digest)
            #expect(try store.drafts(in: namespace, limit: 9).isEmpty)
        }
    }

    @Test func `drafts that changed the same key conflict, and nothing of the later is done`()
        async throws
    {
        try await Self.withVersion { subject in
            let store = subject.store
            let namespace = subject.namespace
            let first = try await store.createDraft(of: Self.v0, in: namespace)
            let second = try await store.createDraft(of: Self.v0, in: namespace)
            try await subject.put(first.version.keyPrefix + "c/0", "first")
            try await subject.put(second.version.keyPrefix + "c/0", "second")
            try await subject.put(second.version.keyPrefix + "c/7", "apart")
            try await subject.put(first.version.keyPrefix + "same", "alike")
            try await subject.put(second.version.keyPrefix + "same", "alike")
            _ = try await store.commitDraft(first.version, in: namespace)
            let conflict = DraftConflict(keys: [try ObjectKey("c/0")], count: 1)
            await #expect(throws: StoreError.version(.conflict(conflict))) {
                try await store.commitDraft(second.version, in: namespace)
            }
            #expect(try subject.entry("m:v0/c/7") == nil)
            #expect(try await subject.read("m:v0/c/0") == Array("first".utf8))
        }
    }

    @Test func `drafts that are forgotten expire`() async throws {
        var limits = StoreSubject.limits()
        limits.draftExpirySeconds = 0
        try await StoreSubject.with(limits: limits) { subject in
            try await subject.put("m:v0/zarr.json", Self.group)
            _ = try await subject.store.createDraft(of: Self.v0, in: subject.namespace)
            try await subject.store.sweepLines()
            #expect(try subject.store.drafts(in: subject.namespace, limit: 1).isEmpty)
        }
    }

    @Test func `a namespace with commits or drafts is not empty`() async throws {
        try await StoreSubject.with { subject in
            try await subject.put("m:v0/zarr.json", Self.group)
            _ = try await subject.store.commitVersion(Self.v0, in: subject.namespace)
            try await subject.store.delete(try ObjectKey("m:v0/zarr.json"), in: subject.namespace)
            await #expect(throws: StoreError.namespaceNotEmpty(subject.namespace.name)) {
                try await subject.store.deleteNamespace(subject.namespace.name)
            }
            try await subject.store.deleteVersion(Self.v0, in: subject.namespace)
            try await subject.store.sweepLines()
            try await subject.store.deleteNamespace(subject.namespace.name)
        }
    }

    @Test func `what happens is told with who did it`() async throws {
        try await StoreSubject.with { subject in
            let store = subject.store
            let namespace = subject.namespace
            let woken = Mutex(0)
            let watch = store.watchEvents(in: namespace, for: nil) { woken.withLock { $0 += 1 } }
            let bytes = Array(Self.group.utf8)
            _ = try await store.put(
                try ObjectKey("m:v0/zarr.json"),
                in: namespace,
                try await subject.stage(bytes),
                entityTag: .given(StoreSubject.tag(bytes)),
                actor: Self.ana
            )
            try await subject.put("plain", "not told")
            let manifest = try await store.seal(Self.v0, in: namespace, actor: Self.ana)
            try await store.fork(.version(Self.v0), to: Self.v1, in: namespace)
            let events = try store.events(in: namespace, after: 0, limit: 10)
            #expect(events.map(\.kind) == [.written, .committed, .sealed, .forked])
            #expect(events.map(\.actor) == [Self.ana, Self.ana, Self.ana, nil])
            #expect(events.map(\.place.tag) == ["v0", "v0", "v0", "v1"])
            #expect(events[0].key == "zarr.json" && events[1].detail == manifest.digest.text)
            let rest = try store.events(in: namespace, after: events[1].number, limit: 1)
            #expect(rest == [events[2]])
            #expect(woken.withLock { $0 } == 3)
            #expect(try store.newestEventNumber() == 4 && store.lostEventNumber(in: namespace) == 0)
            withExtendedLifetime(watch) {}
        }
    }

    @Test func `usage counts what is shown, and what is kept once`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            let bytes = Int64(Self.group.utf8.count + 4 + 3)
            try await store.fork(.version(Self.v0), to: Self.v1, in: subject.namespace)
            var usage = try await store.usage(of: subject.namespace)
            #expect(usage.objects == 6 && usage.objectBytes == 2 * bytes)
            #expect(usage.keptObjects == 3 && usage.keptBytes == bytes)
            try await subject.put("m:v1/c/0", "longer")
            usage = try await store.usage(of: subject.namespace)
            #expect(usage.objects == 6 && usage.objectBytes == 2 * bytes + 2)
            #expect(usage.keptObjects == 4 && usage.keptBytes == bytes + 6)
            try await store.deleteVersion(Self.v1, in: subject.namespace)
            try await store.sweepLines()
            usage = try await store.usage(of: subject.namespace)
            #expect(usage.objects == 3 && usage.keptObjects == 3 && usage.keptBytes == bytes)
        }
    }

    @Test func `a version keeps as many commits as it is told to`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            var digests: [ManifestDigest] = []
            for number in 0..<5 {
                try await subject.put("m:v0/c/0", "state \(number)")
                digests.append(
                    try await store.commitVersion(Self.v0, in: subject.namespace).digest
                )
            }
            try await store.fork(.commit(digests[1]), to: Self.v1, in: subject.namespace)
            try await store.setRetention(of: Self.v0, commits: 2, in: subject.namespace)
            try await store.sweepLines()
            let kept = try digests.map { digest in
                try store.manifest(digest, in: subject.namespace) != nil
            }
            // The newest two, and what the fork goes on from.
            #expect(kept == [true, true, false, true, true])
        }
    }
}
