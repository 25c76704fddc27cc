import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that the cache of looked-up objects never shows what the index no longer shows.
///
/// Method: its rules one by one, then writers and readers of the same keys on a real store.
@Suite struct EntryCacheTests {
    private func entry(_ sequence: Int64, extents: Int = 0) -> ObjectEntry {
        ObjectEntry(
            sequence: sequence,
            entityTag: "tag",
            modified: WallTime(milliseconds: 0),
            attributes: ObjectAttributes(),
            checksums: [],
            parts: [],
            payload: Payload(
                extents: (0..<extents).map { .blob(BlobID(UInt64($0)), offset: 0, lengthBytes: 1) }
            )
        )
    }

    private func place(_ number: Int) -> LineKey {
        LineKey(line: LineID(1), key: ObjectKey(trusted: "key-\(number)"))
    }

    private func ticket(_ cache: EntryCache, _ place: LineKey) throws -> EntryCache.Ticket {
        guard case .unknown(let ticket) = cache.find(place) else {
            throw StoreError.preconditionFailed
        }
        return ticket
    }

    private func sequence(_ cache: EntryCache, _ place: LineKey) -> Int64? {
        guard case .kept(let entry) = cache.find(place) else { return nil }
        return entry.sequence
    }

    @Test func `an entry is found until a batch changes its key`() throws {
        let cache = EntryCache()
        for number in 1...2 {
            cache.keep(entry(7), at: place(number), try ticket(cache, place(number)))
        }
        #expect(sequence(cache, place(1)) == 7)
        cache.beginCommit([place(1)])
        #expect(sequence(cache, place(1)) == nil)
        #expect(sequence(cache, place(2)) == 7)
        cache.endCommit()
        #expect(sequence(cache, place(1)) == nil)
        #expect(sequence(cache, place(2)) == 7)
    }

    @Test func `what was read before or during a batch is not taken in after it`() throws {
        let cache = EntryCache()
        let before = try ticket(cache, place(1))
        cache.beginCommit([place(1)])
        let during = try ticket(cache, place(1))
        cache.keep(entry(1), at: place(1), during)
        #expect(sequence(cache, place(1)) == nil)
        cache.endCommit()
        cache.keep(entry(1), at: place(1), before)
        cache.keep(entry(1), at: place(1), during)
        #expect(sequence(cache, place(1)) == nil)
        cache.keep(entry(2), at: place(1), try ticket(cache, place(1)))
        #expect(sequence(cache, place(1)) == 2)
    }

    @Test func `the number of entries is bounded and used ones stay`() throws {
        let cache = EntryCache()
        for number in 0..<(3 * EntryCache.generationMax) {
            cache.keep(entry(Int64(number)), at: place(number), try ticket(cache, place(number)))
            #expect(sequence(cache, place(0)) == 0)
        }
        let kept = (0..<(3 * EntryCache.generationMax)).count { sequence(cache, place($0)) != nil }
        #expect(kept <= 2 * EntryCache.generationMax)
        #expect(kept >= EntryCache.generationMax)
    }

    @Test func `long entries are not kept`() throws {
        let cache = EntryCache()
        let long = entry(1, extents: EntryCache.extentsMax + 1)
        cache.keep(long, at: place(1), try ticket(cache, place(1)))
        #expect(sequence(cache, place(1)) == nil)
    }

    @Test func `a reader beside writers never goes back, and sees what was answered`() async throws
    {
        try await StoreSubject.with { subject in
            let rounds = 60
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    let key = try ObjectKey("raced-\(writer)")
                    group.addTask {
                        for _ in 0..<rounds {
                            let written = try await subject.put(key.text, "x")
                            let seen = try subject.store.lookUp(key, in: subject.namespace)
                            #expect(seen?.sequence == written.sequence)
                        }
                    }
                    group.addTask {
                        var newest: Int64 = 0
                        for _ in 0..<(rounds * 40) {
                            let seen = try subject.store.lookUp(key, in: subject.namespace)
                            #expect(seen?.sequence ?? 0 >= newest)
                            newest = max(newest, seen?.sequence ?? 0)
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
