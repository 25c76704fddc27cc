import MetadataIndex
import SQLiteDatabase
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks commits of drafts that are too large for their keys to be moved: the draft's line takes the place of
/// its version's.
///
/// Method: worked cases with a bound of two keys. Beside what is shown, every running total is counted anew.
/// Histories drawn from seeds are in the simulation (`VersionLifeTests`), whose bound is one key.
@Suite struct DraftAdoptionTests {
    static let v0 = VersionName(trustedName: "m", tag: "v0")
    static let array = #"""
        {"zarr_format":3,"node_type":"array","shape":[9],"data_type":"uint8","chunk_grid":
        {"name":"regular","configuration":{"chunk_shape":[1]}},"chunk_key_encoding":
        {"name":"default","configuration":{"separator":"/"}},"fill_value":0,"codecs":
        [{"name":"bytes"}],"attributes":{}}
        """#

    /// A store with the version `m:v0`, a group with the array `a` of three chunks.
    static func withVersion(
        depthMax: Int = 1000,
        _ body: (StoreSubject) async throws -> Void
    ) async throws {
        var limits = StoreSubject.limits()
        limits.movedDraftKeysMax = 2
        limits.forkDepthMax = depthMax
        try await StoreSubject.with(limits: limits) { subject in
            try await subject.put("m:v0/zarr.json", VersionTests.group)
            try await subject.put("m:v0/a/zarr.json", array)
            for chunk in 0..<3 { try await subject.put("m:v0/a/c/\(chunk)", "base") }
            try await body(subject)
            try await checkTotals(subject)
            try await subject.store.sweepLines()
            try await checkTotals(subject)
        }
    }

    static func checkTotals(_ subject: StoreSubject) async throws {
        let faults = try subject.store.index.read { reader throws(SQLiteError) in
            var faults: [IndexMiscount] = []
            try reader.compareTallies(isStopped: { false }) { faults.append($0) }
            try reader.compareTotals(isStopped: { false }) { faults.append($0) }
            return faults
        }
        #expect(faults.isEmpty)
    }

    static func draft(
        _ subject: StoreSubject,
        chunks: ClosedRange<Int>,
        _ content: String
    ) async throws -> VersionName {
        let draft = try await subject.store.createDraft(of: v0, in: subject.namespace).version
        for chunk in chunks { try await subject.put(draft.keyPrefix + "a/c/\(chunk)", content) }
        return draft
    }

    static func line(_ subject: StoreSubject) throws -> LineID {
        try #require(try subject.store.versionState(v0, in: subject.namespace)).line
    }

    static func contents(_ subject: StoreSubject, _ count: Int) async throws -> [String?] {
        var contents: [String?] = []
        for chunk in 0..<count {
            let bytes = try await subject.read("m:v0/a/c/\(chunk)")
            contents.append(bytes.map { String(decoding: $0, as: UTF8.self) })
        }
        return contents
    }

    @Test func `drafts of different keys go into their version one after the other`() async throws {
        try await Self.withVersion { subject in
            let before = try Self.line(subject)
            let first = try await Self.draft(subject, chunks: 3...5, "first")
            let second = try await Self.draft(subject, chunks: 6...8, "second")
            let third = try await Self.draft(subject, chunks: 1...1, "third")
            try await subject.put("m:v0/a/c/0", "meanwhile")
            let manifest = try await subject.store.commitDraft(first, in: subject.namespace)
            let after = try Self.line(subject)
            #expect(after != before && manifest.total.keys == 8)
            // Who was reading goes on with what took the place of it.
            #expect(try subject.store.lookUp("a/c/4", line: before) != nil)
            try await subject.store.commitDraft(second, in: subject.namespace)
            try await subject.store.commitDraft(third, in: subject.namespace)
            let shown: [String?] =
                ["meanwhile", "third", "base"] + [String?](repeating: "first", count: 3)
            let rest = [String?](repeating: "second", count: 3)
            #expect(try await Self.contents(subject, 9) == shown + rest)
            let node = try subject.store.nodes(in: subject.namespace, limit: 9).last
            #expect(node?.place.tag == "v0" && node?.tally?.chunks == 9)
            // What was committed stays what it was.
            let entry = try subject.store.lookUp("a/c/7", line: manifest.line)
            #expect(entry == nil)
            #expect(try subject.store.drafts(in: subject.namespace, limit: 1).isEmpty)
            let events = try subject.store.events(in: subject.namespace, after: 0, limit: 99)
            #expect(events.count(where: { $0.kind == .committed }) == 3)
        }
    }

    @Test func `what a draft that took the place changed or deleted conflicts with later drafts`()
        async throws
    {
        try await Self.withVersion { subject in
            let first = try await Self.draft(subject, chunks: 1...4, "first")
            try await subject.store.delete(
                try ObjectKey(first.keyPrefix + "a/c/0"),
                in: subject.namespace
            )
            // Written and taken back: no change of the version.
            try await subject.put(first.keyPrefix + "a/c/8", "gone")
            try await subject.store.delete(
                try ObjectKey(first.keyPrefix + "a/c/8"),
                in: subject.namespace
            )
            let second = try await Self.draft(subject, chunks: 0...3, "second")
            try await subject.put(second.keyPrefix + "a/c/3", "first")
            let third = try await Self.draft(subject, chunks: 6...8, "third")
            try await subject.store.commitDraft(first, in: subject.namespace)
            let keys = try ["a/c/0", "a/c/1", "a/c/2"].map { try ObjectKey($0) }
            let conflict = DraftConflict(keys: keys, count: 3)
            await #expect(throws: StoreError.version(.conflict(conflict))) {
                try await subject.store.commitDraft(second, in: subject.namespace)
            }
            try await subject.store.commitDraft(third, in: subject.namespace)
            let shown = [nil, "first", "first", "first", "first", nil, "third", "third", "third"]
            #expect(try await Self.contents(subject, 9) == shown)
        }
    }

    @Test func `arrays that a draft makes and removes are counted`() async throws {
        try await Self.withVersion { subject in
            let draft = try await Self.draft(subject, chunks: 3...4, "first")
            for array in ["b", "a/inner"] {
                try await subject.put("\(draft.keyPrefix)\(array)/zarr.json", Self.array)
                for chunk in 0..<2 {
                    try await subject.put("\(draft.keyPrefix)\(array)/c/\(chunk)", "x")
                }
            }
            try await subject.put("m:v0/b/c/7", "under what is no array yet")
            try await subject.store.commitDraft(draft, in: subject.namespace)
            let nodes = try subject.store.nodes(in: subject.namespace, limit: 9)
            #expect(nodes.map(\.path) == ["", "a", "a/inner", "b"])
            #expect(nodes.compactMap(\.tally?.chunks) == [5, 2, 3])
            try await Self.checkTotals(subject)
            let other = try await Self.draft(subject, chunks: 5...6, "second")
            try await subject.store.delete(
                try ObjectKey(other.keyPrefix + "a/inner/zarr.json"),
                in: subject.namespace
            )
            try await subject.store.commitDraft(other, in: subject.namespace)
            let left = try subject.store.nodes(in: subject.namespace, limit: 9)
            #expect(left.compactMap(\.tally?.chunks) == [9, 3])
        }
    }

    @Test func `where a version can have no further level, the keys are moved`() async throws {
        try await Self.withVersion(depthMax: 3) { subject in
            for chunk in 0..<4 {
                let draft = try await Self.draft(
                    subject,
                    chunks: (2 * chunk)...(2 * chunk + 2),
                    "\(chunk)"
                )
                try await subject.store.commitDraft(draft, in: subject.namespace)
            }
            let shown: [String?] = ["0", "0", "1", "1", "2", "2", "3", "3", "3"]
            #expect(try await Self.contents(subject, 9) == shown)
        }
    }

    @Test func `what is written between preparation and commit counts`() async throws {
        try await Self.withVersion { subject in
            let store = subject.store
            let namespace = subject.namespace
            let draft = try await Self.draft(subject, chunks: 3...6, "first")
            func prepare() throws -> AdoptionPlan {
                let plan = try store.index.read { reader throws(SQLiteError) in
                    var plan = try reader.beginAdoption(of: draft, namespace: namespace.line)
                    while plan?.isComplete == false { try plan?.advance(rowsMax: 2, reader) }
                    return plan
                }
                return try #require(plan)
            }
            func commit(_ plan: AdoptionPlan) async throws {
                let note = CommitNote(message: "", author: nil)
                let action = VersionAction.commitDraft(draft, note, .adopting(plan))
                try await store.propose(action, namespace, nil)
            }
            let outdated = StoreError.version(.mergeOutdated(draft))
            var prepared = try prepare()
            try await subject.put("m:v0/a/c/3", "conflicts")
            await #expect(throws: outdated) { try await commit(prepared) }
            try await store.delete(try ObjectKey("m:v0/a/c/3"), in: namespace)
            await #expect(throws: StoreError.self) {
                try await store.commitDraft(draft, in: namespace)
            }
            try await subject.put("m:v0/a/c/3", "first")
            prepared = try prepare()
            try await subject.put(draft.keyPrefix + "a/c/7", "written into the draft")
            await #expect(throws: outdated) { try await commit(prepared) }
            prepared = try prepare()
            try await subject.put("m:v0/new/zarr.json", Self.array)
            await #expect(throws: outdated) { try await commit(prepared) }
            prepared = try prepare()
            try await subject.put("m:v0/a/c/1", "another key")
            try await subject.put("m:v0/a/zarr.json", Self.array + " ")
            try await commit(prepared)
            let shown = [
                "base", "another key", "base", "first", "first", "first", "first",
                "written into the draft", nil,
            ]
            #expect(try await Self.contents(subject, 9) == shown)
        }
    }

    @Test func `deletions are remembered for drafts, and no longer`() async throws {
        try await Self.withVersion { subject in
            let draft = try await subject.store.createDraft(of: Self.v0, in: subject.namespace)
                .version
            for chunk in 0..<3 {
                try await subject.store.delete(
                    try ObjectKey("m:v0/a/c/\(chunk)"),
                    in: subject.namespace
                )
            }
            func remembered() throws -> Int {
                let line = try Self.line(subject)
                return try subject.store.index.read { reader throws(SQLiteError) in
                    try reader.deletions(in: line, after: nil, limit: 9).count
                }
            }
            try await subject.store.sweepLines()
            #expect(try remembered() == 3)
            try await subject.store.discardDraft(draft, in: subject.namespace)
            try await subject.store.sweepLines()
            #expect(try remembered() == 0)
        }
    }

    @Test func `no version is called what drafts are called`() async throws {
        try await Self.withVersion { subject in
            let tag = "x.draft-12345678"
            let refused = StoreError.version(.draftTag(VersionName(trustedName: "m", tag: tag)))
            await #expect(throws: refused) {
                try await subject.store.fork(
                    .version(Self.v0),
                    to: VersionName(trustedName: "m", tag: tag),
                    in: subject.namespace
                )
            }
            await #expect(throws: refused) {
                try await subject.store.retag(Self.v0, to: tag, in: subject.namespace)
            }
        }
    }
}
