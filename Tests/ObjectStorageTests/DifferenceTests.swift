import SeededRandom
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks differences of lines against the definition: the keys whose objects differ.
///
/// Method: seeded random writes, commits, forks and drafts; every two lines are listed in full and compared.
@Suite struct DifferenceTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `the difference of two lines is that of their listings`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await StoreSubject.with { subject in
            let store = subject.store
            let namespace = subject.namespace
            let names = (0..<3).map { VersionName(trustedName: "m", tag: "v\($0)") }
            try await subject.put("m:v0/zarr.json", VersionTests.group)
            for key in ["c/0", "zarr.json"] { try await subject.put("p/\(key)", "plain \(key)") }
            var lines = [try #require(try store.versionState(names[0], in: namespace)).line]
            for step in 0..<60 {
                let name = random.pick(names)
                let key = "\(name.keyPrefix)c/\(Int.random(in: 0..<4, using: &random))"
                do {
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0..<4: try await subject.put(key, "\(random.pick([1, 2, 3]))")
                    case 4: try await store.delete(try ObjectKey(key), in: namespace)
                    case 5: lines.append(try await store.commitVersion(name, in: namespace).line)
                    case 6:
                        let source = ForkSource.version(random.pick(names))
                        lines.append(
                            try await store.fork(source, to: name, in: namespace).line
                        )
                    default:
                        let source = ForkSource.folder("p")
                        lines.append(
                            try await store.fork(source, to: name, in: namespace).line
                        )
                    }
                } catch StoreError.version {
                    continue
                }
                let (first, second) = (random.pick(lines), random.pick(lines))
                let found = try await store.difference(from: first, to: second)
                let expected = try Self.difference(store, first, second)
                #expect(found.keys == expected, "seed \(seed), step \(step)")
                #expect(!found.isTruncated)
            }
        }
    }

    private static func difference(
        _ store: ObjectStore,
        _ first: LineID,
        _ second: LineID
    ) throws -> [KeyDifference] {
        let before = try objects(store, first)
        let after = try objects(store, second)
        return Set(before.keys).union(after.keys).sorted().compactMap { key in
            let (old, new) = (before[key], after[key])
            return old == new ? nil : KeyDifference(key: key, before: old, after: new)
        }
    }

    private static func objects(
        _ store: ObjectStore,
        _ line: LineID
    ) throws -> [ObjectKey: KeyDifference.Object] {
        var objects: [ObjectKey: KeyDifference.Object] = [:]
        for object in try store.list(prefix: "", line: line, limit: 1000) {
            objects[object.key] = KeyDifference.Object(
                entityTag: object.entityTag,
                sizeBytes: object.sizeBytes
            )
        }
        return objects
    }

    @Test func `a difference of more than is looked at says so`() async throws {
        var limits = StoreSubject.limits()
        limits.comparedKeysMax = 3
        try await StoreSubject.with(limits: limits) { subject in
            try await subject.put("m:v0/zarr.json", VersionTests.group)
            let commit = try await subject.store.commitVersion(
                VersionTests.v0,
                in: subject.namespace
            )
            for number in 0..<5 { try await subject.put("m:v0/c/\(number)", "x") }
            let state = try subject.store.versionState(VersionTests.v0, in: subject.namespace)
            let line = try #require(state).line
            let difference = try await subject.store.difference(from: commit.line, to: line)
            #expect(difference.isTruncated && difference.keys.count == 3)
        }
    }
}
