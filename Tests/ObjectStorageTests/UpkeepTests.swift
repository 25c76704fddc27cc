import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that what is remembered of blobs does not outlive them.
///
/// Method: the steps of a reader and of a removal in each order, on a store in a folder of its own.
@Suite struct UpkeepTests {
    private static func blobs(_ entry: ObjectEntry) -> [BlobID] {
        entry.payload.blobs(touching: 0..<entry.sizeBytes)
    }

    @Test func `a blob that was read is known to be named until it is replaced`() async throws {
        try await StoreSubject.with { subject in
            let bytes = StoreSubject.bytes(5000, seed: 1)
            let entry = try await subject.put("a", bytes)
            let blobs = Self.blobs(entry)
            #expect(blobs.count == 1)
            #expect(!subject.store.upkeep.knows(blobs))
            #expect(try await subject.read(entry) == bytes)
            #expect(subject.store.upkeep.knows(blobs))
            #expect(try await subject.read(entry) == bytes)
            try await subject.put("a", "other")
            #expect(!subject.store.upkeep.knows(blobs))
            #expect(throws: StoreError.objectReplaced) {
                try subject.store.reader(entry, range: 0..<1)
            }
            #expect(try await subject.blobFiles().isEmpty)
        }
    }

    @Test func `what the index said before a removal is not remembered after it`() async throws {
        try await StoreSubject.with { subject in
            let entry = try await subject.put("a", StoreSubject.bytes(5000, seed: 1))
            let blobs = Self.blobs(entry)
            let upkeep = subject.store.upkeep
            upkeep.pin(blobs)
            try await subject.store.delete(try ObjectKey("a"), in: subject.namespace)
            upkeep.remember(blobs)
            #expect(!upkeep.knows(blobs))
            #expect(try await subject.blobFiles().count == 1)
            upkeep.unpin(blobs)
            #expect(!upkeep.knows(blobs))
            #expect(try await subject.blobFiles().isEmpty)
        }
    }

    @Test func `as many blobs are remembered as the bound says`() async throws {
        try await StoreSubject.with { subject in
            let upkeep = subject.store.upkeep
            let blobs = (0...UInt64(Upkeep.namedMax)).map { BlobID($0) }
            upkeep.remember(Array(blobs.dropLast()))
            #expect(upkeep.knows(Array(blobs.dropLast())))
            #expect(!upkeep.knows(blobs))
            upkeep.remember([blobs[blobs.count - 1]])
            #expect(upkeep.knows([blobs[blobs.count - 1]]))
            #expect(!upkeep.knows([blobs[0]]))
        }
    }
}
