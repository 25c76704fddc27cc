import MetadataIndex
import SQLiteDatabase
import SeededRandom
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that payloads are called by every object that shows them, and by no other.
///
/// Method: seeded random writes, copies, commits, forks, drafts and deletions; then every key of the
/// namespace, of each draft and of each commit is listed and its payload looked up, which is compared with
/// what the index says whose the payloads are.
@Suite struct OwnerTests {
    private static let names = (0..<3).map { VersionName(trustedName: "m", tag: "v\($0)") }

    /// What a test has made that a listing of the namespace does not show.
    private struct Made {
        var commits: [Manifest] = []
        var drafts: [VersionName] = []
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `the owners of a payload are the objects that show it`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await StoreSubject.with { subject in
            try await subject.put("m:v0/zarr.json", VersionTests.group)
            for key in ["c/0", "c/1", "zarr.json"] {
                try await subject.put("p/\(key)", "plain \(key)")
            }
            var made = Made()
            for step in 0..<80 {
                do {
                    try await Self.change(subject, &made, &random)
                } catch StoreError.version {
                    continue
                }
                guard step.isMultiple(of: 8) else { continue }
                try Self.compare(subject, made, "seed \(seed), step \(step)")
            }
            try await subject.store.sweepLines()
            try Self.compare(subject, made, "seed \(seed), swept")
        }
    }

    private static func change(
        _ subject: StoreSubject,
        _ made: inout Made,
        _ random: inout SeededGenerator
    ) async throws {
        let (store, namespace) = (subject.store, subject.namespace)
        let name = random.pick(names)
        let prefix = random.pick([name.keyPrefix, name.keyPrefix, "p/", "q/"])
        let key = "\(prefix)c/\(Int.random(in: 0..<4, using: &random))"
        switch Int.random(in: 0..<14, using: &random) {
        case 0..<5: try await subject.put(key, "\(Int.random(in: 0..<3, using: &random))")
        case 5: try await store.delete(try ObjectKey(key), in: namespace)
        case 6:
            let source = "\(random.pick(names).keyPrefix)c/\(Int.random(in: 0..<4, using: &random))"
            guard let entry = try store.lookUp(try ObjectKey(source), in: namespace) else { return }
            _ = try await store.copy(
                from: entry,
                to: try ObjectKey(key),
                in: namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
        case 7: made.commits.append(try await store.commitVersion(name, in: namespace))
        case 8:
            try await store.fork(.version(random.pick(names)), to: name, in: namespace)
        case 9: try await store.fork(.folder("p"), to: name, in: namespace)
        case 10: try await store.deleteVersion(name, in: namespace)
        case 11:
            let draft = try await store.createDraft(of: name, in: namespace)
            made.drafts.append(draft.version)
            try await subject.put("\(draft.version.keyPrefix)c/1", "draft")
        case 12:
            guard let draft = made.drafts.popLast() else { return }
            made.commits.append(try await store.commitDraft(draft, in: namespace))
        default: try await store.sweepLines()
        }
    }

    private static func compare(
        _ subject: StoreSubject,
        _ made: Made,
        _ context: String
    ) throws {
        let expected = try shown(subject, made)
        let positions = Set(expected.keys)
        let owners = try subject.store.maintainedIndex.read { reader throws(SQLiteError) in
            try reader.owners(of: [], at: positions)
        }
        for (position, names) in expected {
            let objects = owners.positions[position]?.objects ?? NamedObjects()
            #expect(Set(objects.names).count == objects.names.count, "\(context)")
            #expect(names.isSuperset(of: objects.names), "\(context)")
            #expect(objects.names.count + objects.moreCount == names.count, "\(context)")
        }
    }

    /// Each payload in the log with what shows it.
    private static func shown(
        _ subject: StoreSubject,
        _ made: Made
    ) throws -> [LogPosition: Set<String>] {
        let (store, namespace) = (subject.store, subject.namespace)
        var shown: [LogPosition: Set<String>] = [:]
        func show(_ entry: ObjectEntry?, as name: String) {
            for case .inline(let position, _, _) in entry?.payload.extents ?? [] {
                shown[position, default: []].insert("subject/\(name)")
            }
        }
        for folder in names.map(\.keyPrefix) + made.drafts.map(\.keyPrefix) + ["p/", "q/"] {
            for key in ["zarr.json", "c/0", "c/1", "c/2", "c/3"] {
                let entry = try store.lookUp(try ObjectKey(folder + key), in: namespace)
                show(entry, as: folder + key)
            }
        }
        for commit in Set(made.commits.map(\.digest)) {
            let history = try store.history(from: commit, in: namespace, limit: 1)
            guard let manifest = history.first else { continue }
            for object in try store.list(prefix: "", line: manifest.line, limit: 1000) {
                let entry = try store.lookUp(object.key.text, line: manifest.line)
                show(entry, as: "m@\(commit.text)/\(object.key.text)")
            }
        }
        return shown
    }

    @Test func `of many objects some are named and as many counted as is said`() async throws {
        try await VersionTests.withVersion { subject in
            let store = subject.store
            for number in 0..<(NamedObjects.countedMax + 40) {
                let name = VersionName(trustedName: "m", tag: "fork-\(number)")
                try await store.fork(.version(VersionTests.v0), to: name, in: subject.namespace)
            }
            let entry = try store.lookUp(try ObjectKey("m:v0/c/0"), in: subject.namespace)
            guard case .inline(let position, _, _) = entry?.payload.extents.first else {
                Issue.record("the object is in the log")
                return
            }
            let owners = try store.maintainedIndex.read { reader throws(SQLiteError) in
                try reader.owners(of: [], at: [position])
            }
            let objects = try #require(owners.positions[position]).objects
            #expect(objects.names.count == 16)
            #expect(objects.names.first == "subject/m:v0/c/0")
            #expect(objects.moreCount == 240)
            #expect(objects.text.hasSuffix(", and 240 more"))
        }
    }
}
