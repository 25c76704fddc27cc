import Checksums
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks entity tags that are left to the store.
///
/// Method: batches of writes with right and wrong claims; expected tags are OpenSSL's MD5 of each
/// payload alone.
@Suite struct EntityTagTests {
    private static func put(
        _ subject: StoreSubject,
        _ key: String,
        _ bytes: [UInt8],
        claimed: [UInt8]?
    ) async throws -> ObjectEntry {
        try await subject.store.put(
            try ObjectKey(key),
            in: subject.namespace,
            try await subject.stage(bytes),
            entityTag: .md5(claimed: claimed)
        )
    }

    @Test func `of one batch, those whose bytes are not as claimed are refused and no others`()
        async throws
    {
        try await StoreSubject.with { subject in
            let lengths = (0..<40).map { $0 * $0 % 997 }
            subject.store.queue.hold()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, length) in lengths.enumerated() {
                    group.addTask {
                        let bytes = StoreSubject.bytes(length, seed: UInt64(number))
                        let right = MD5.digest(of: bytes)
                        let wrong = MD5.digest(of: bytes + [0])
                        let claims = [nil, right, wrong]
                        do {
                            let entry = try await Self.put(
                                subject,
                                "k/\(number)",
                                bytes,
                                claimed: claims[number % 3]
                            )
                            #expect(number % 3 < 2)
                            #expect(entry.entityTag == Hexadecimal.encode(right))
                        } catch StoreError.digestMismatch {
                            #expect(number % 3 == 2)
                        }
                    }
                }
                while subject.store.queue.count < lengths.count { await Task.yield() }
                subject.store.queue.release()
                try await group.waitForAll()
            }
            for (number, length) in lengths.enumerated() {
                let entry = try subject.entry("k/\(number)")
                let bytes = StoreSubject.bytes(length, seed: UInt64(number))
                if number % 3 == 2 {
                    #expect(entry == nil)
                } else {
                    let found = try #require(entry)
                    #expect(found.entityTag == StoreSubject.tag(bytes))
                    #expect(try await subject.read(found) == bytes)
                }
            }
        }
    }

    @Test func `a part gets its tag, and one that is not as claimed leaves the earlier one`()
        async throws
    {
        try await StoreSubject.with { subject in
            let key = try ObjectKey("parts")
            let upload = try await subject.store.createUpload(key, in: subject.namespace)
            let bytes = StoreSubject.bytes(800, seed: 3)
            for (claimed, isRight) in [(MD5.digest(of: bytes), true), (MD5.digest(of: []), false)] {
                let staged = try await subject.stage(bytes)
                do {
                    let part = try await subject.store.putPart(
                        1,
                        of: upload,
                        in: subject.namespace,
                        staged,
                        entityTag: .md5(claimed: claimed)
                    )
                    #expect(isRight)
                    #expect(part.entityTag == StoreSubject.tag(bytes))
                } catch StoreError.digestMismatch {
                    #expect(!isRight)
                }
            }
            let entry = try await subject.store.completeUpload(
                upload.id,
                key: key,
                in: subject.namespace,
                parts: [PartReference(number: 1, entityTag: StoreSubject.tag(bytes))]
            )
            #expect(try await subject.read(entry) == bytes)
        }
    }

    @Test func `the tag of a payload that is not in memory cannot be left`() async throws {
        try await StoreSubject.with { subject in
            let long = StoreSubject.bytes(subject.store.shortPayloadBytesMax + 1, seed: 1)
            await #expect(throws: StoreError.payloadTooLarge) {
                try await Self.put(subject, "long", long, claimed: nil)
            }
            let entry = try subject.entry("long")
            #expect(entry == nil)
            let files = try await subject.blobFiles()
            #expect(files.isEmpty)
        }
    }
}
