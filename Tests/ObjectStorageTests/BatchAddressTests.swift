import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that a change names the addresses that those before it in its batch really got.
///
/// A batch that does not fit into the log's last segment goes into a new one, so that its records
/// have other addresses than those at which it was decided; and a completion writes down where the
/// bytes of its parts are.
@Suite struct BatchAddressTests {
    @Test func `an upload completed in the batch of its part is read back wherever that went`()
        async throws
    {
        var limits = StoreSubject.limits()
        limits.logSegmentBytesMax = 4000
        try await StoreSubject.with(limits: limits) { subject in
            var expected: [String: [UInt8]] = [:]
            // The rounds end at other addresses each, so that some of them begin a segment.
            for round in 0..<12 {
                let key = "big/\(round)"
                expected[key] = try await Self.uploadInOneBatch(subject, key, round)
            }
            try await Self.expect(expected, in: subject)
            subject.store.entries.removeAll()
            try await Self.expect(expected, in: subject)
        }
    }

    private static func uploadInOneBatch(
        _ subject: StoreSubject,
        _ name: String,
        _ round: Int
    ) async throws -> [UInt8] {
        let store = subject.store
        let key = try ObjectKey(name)
        let upload = try await store.createUpload(key, in: subject.namespace)
        let bytes = StoreSubject.bytes(700 + round, seed: UInt64(round + 1))
        store.queue.hold()
        async let part = UploadTests.part(subject, upload, 1, bytes)
        while store.queue.count < 1 { await Task.yield() }
        async let completed = store.completeUpload(
            upload.id,
            key: key,
            in: subject.namespace,
            parts: [PartReference(number: 1, entityTag: StoreSubject.tag(bytes))]
        )
        while store.queue.count < 2 { await Task.yield() }
        store.queue.release()
        _ = try await (part, completed)
        return bytes
    }

    private static func expect(
        _ expected: [String: [UInt8]],
        in subject: StoreSubject
    ) async throws {
        for (key, bytes) in expected { #expect(try await subject.read(key) == bytes) }
    }
}
