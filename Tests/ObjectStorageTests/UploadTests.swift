import Checksums
import NIOCore
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks multipart uploads.
///
/// Method: worked cases from the Amazon S3 API Reference; the entity tag is computed here a second
/// time from its definition.
@Suite struct UploadTests {
    static let fiveMiB = 5_242_880

    static func part(
        _ subject: StoreSubject,
        _ upload: MultipartUpload,
        _ number: Int,
        _ bytes: [UInt8]
    ) async throws -> PartReference {
        let staged = try await subject.stage(bytes, pieceBytes: 100_000)
        let part = try await subject.store.putPart(
            number,
            of: upload,
            in: subject.namespace,
            staged,
            entityTag: .given(StoreSubject.tag(bytes))
        )
        #expect(part.sizeBytes == Int64(bytes.count))
        return PartReference(number: number, entityTag: part.entityTag)
    }

    @Test func `parts become an object, and a repeated completion gets the same answer`()
        async throws
    {
        try await StoreSubject.with { subject in
            let store = subject.store
            let key = try ObjectKey("big")
            let upload = try await store.createUpload(
                key,
                in: subject.namespace,
                attributes: ObjectAttributes(userMetadata: [HeaderField("a", "b")])
            )
            let first = StoreSubject.bytes(Self.fiveMiB, seed: 1)
            let second = StoreSubject.bytes(Self.fiveMiB + 3, seed: 2)
            let last = StoreSubject.bytes(10, seed: 3)
            _ = try await Self.part(subject, upload, 1, Array("replaced".utf8))
            let references = [
                try await Self.part(subject, upload, 1, first),
                try await Self.part(subject, upload, 5, second),
                try await Self.part(subject, upload, 10_000, last),
            ]
            _ = try await Self.part(subject, upload, 7, StoreSubject.bytes(2000, seed: 4))
            #expect(try store.parts(of: upload).map(\.number) == [1, 5, 7, 10_000])
            #expect(try store.parts(of: upload, after: 1, limit: 2).map(\.number) == [5, 7])
            #expect(try store.lookUp(key, in: subject.namespace) == nil)

            let entry = try await store.completeUpload(
                upload.id,
                key: key,
                in: subject.namespace,
                parts: references
            )
            let digests = [first, second, last].flatMap { MD5.digest(of: $0) }
            #expect(entry.entityTag == Hexadecimal.encode(MD5.digest(of: digests)) + "-3")
            #expect(entry.parts.map(\.number) == [1, 5, 10_000])
            #expect(entry.attributes.userMetadata == [HeaderField("a", "b")])
            #expect(try await subject.read(entry) == first + second + last)
            // Parts 1 and 5 are blobs, the unused part 7 is gone.
            #expect(try await subject.blobFiles().count == 2)
            #expect(try store.upload(upload.id, key: key, in: subject.namespace) == nil)

            let again = try await store.completeUpload(
                upload.id,
                key: key,
                in: subject.namespace,
                parts: references
            )
            #expect(again == entry)
            await #expect(throws: StoreError.uploadMissing(upload.id)) {
                try await store.completeUpload(
                    upload.id,
                    key: key,
                    in: subject.namespace,
                    parts: Array(references.prefix(2))
                )
            }
            try await subject.put("big", "other")
            await #expect(throws: StoreError.uploadMissing(upload.id)) {
                try await store.completeUpload(
                    upload.id,
                    key: key,
                    in: subject.namespace,
                    parts: references
                )
            }
            #expect(try await subject.blobFiles().isEmpty)
        }
    }

    @Test func `what completion names must be there`() async throws {
        try await StoreSubject.with { subject in
            let store = subject.store
            let key = try ObjectKey("k")
            let upload = try await store.createUpload(key, in: subject.namespace)
            let one = try await Self.part(subject, upload, 1, Array("small".utf8))
            let two = try await Self.part(subject, upload, 2, Array("end".utf8))
            func complete(_ parts: [PartReference]) async throws {
                _ = try await store.completeUpload(
                    upload.id,
                    key: key,
                    in: subject.namespace,
                    parts: parts
                )
            }
            await #expect(throws: StoreError.partsEmpty) { try await complete([]) }
            await #expect(throws: StoreError.partOrderInvalid) { try await complete([two, one]) }
            await #expect(throws: StoreError.partOrderInvalid) { try await complete([one, one]) }
            await #expect(throws: StoreError.partTooSmall(number: 1, sizeBytes: 5)) {
                try await complete([one, two])
            }
            await #expect(throws: StoreError.partInvalid(number: 3)) {
                try await complete([PartReference(number: 3, entityTag: one.entityTag)])
            }
            await #expect(throws: StoreError.partInvalid(number: 1)) {
                try await complete([PartReference(number: 1, entityTag: two.entityTag)])
            }
            await #expect(throws: StoreError.partNumberInvalid(0)) {
                _ = try await Self.part(subject, upload, 0, [1])
            }
            await #expect(throws: StoreError.partNumberInvalid(10_001)) {
                _ = try await Self.part(subject, upload, 10_001, [1])
            }
            let other = try ObjectKey("other")
            #expect(try store.upload(upload.id, key: other, in: subject.namespace) == nil)
            await #expect(throws: StoreError.uploadMissing(upload.id)) {
                try await store.abortUpload(upload.id, key: other, in: subject.namespace)
            }
            try await complete([one])
            #expect(try await subject.read("k") == Array("small".utf8))
        }
    }

    @Test func `an aborted upload leaves nothing`() async throws {
        try await StoreSubject.with { subject in
            let key = try ObjectKey("k")
            let upload = try await subject.store.createUpload(key, in: subject.namespace)
            _ = try await Self.part(subject, upload, 1, StoreSubject.bytes(5000, seed: 1))
            #expect(try await subject.blobFiles().count == 1)
            try await subject.store.abortUpload(upload.id, key: key, in: subject.namespace)
            #expect(try await subject.blobFiles().isEmpty)
            await #expect(throws: StoreError.uploadMissing(upload.id)) {
                _ = try await Self.part(subject, upload, 1, [1])
            }
            let page = try await subject.store.uploads(UploadQuery(), in: subject.namespace)
            #expect(page.uploads.isEmpty)
        }
    }

    @Test func `parts are cut out of objects, whatever those consist of`() async throws {
        try await StoreSubject.with { subject in
            let store = subject.store
            // Blob, then a short last part in the log.
            let first = StoreSubject.bytes(Self.fiveMiB, seed: 1)
            let last = StoreSubject.bytes(100, seed: 2)
            let source = try await store.createUpload(try ObjectKey("src"), in: subject.namespace)
            let sourceParts = [
                try await Self.part(subject, source, 1, first),
                try await Self.part(subject, source, 2, last),
            ]
            let entry = try await store.completeUpload(
                source.id,
                key: try ObjectKey("src"),
                in: subject.namespace,
                parts: sourceParts
            )
            let whole = first + last

            let target = try await store.createUpload(try ObjectKey("dst"), in: subject.namespace)
            var references: [PartReference] = []
            let ranges: [Range<Int64>] = [
                0..<entry.sizeBytes, 65_000..<entry.sizeBytes,
                entry.sizeBytes - 50..<entry.sizeBytes,
            ]
            for (index, range) in ranges.enumerated() {
                let bytes = Array(whole[Int(range.lowerBound)..<Int(range.upperBound)])
                // The second is too short for S3, so it is taken twice over.
                let part = try await store.copyPart(
                    index + 1,
                    of: target,
                    in: subject.namespace,
                    from: entry,
                    range: range,
                    entityTag: .given(StoreSubject.tag(bytes))
                )
                #expect(part.sizeBytes == Int64(bytes.count))
                references.append(PartReference(number: index + 1, entityTag: part.entityTag))
            }
            let copied = try await store.completeUpload(
                target.id,
                key: try ObjectKey("dst"),
                in: subject.namespace,
                parts: [references[0], references[2]]
            )
            #expect(try await subject.read(copied) == whole + last.suffix(50))
            // A copy of an object with several short runs.
            let again = try await store.copy(
                from: copied,
                to: try ObjectKey("again"),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
            for key in ["src", "dst"] {
                try await store.delete(try ObjectKey(key), in: subject.namespace)
            }
            #expect(try await subject.read(again) == whole + last.suffix(50))
            try await store.delete(try ObjectKey("again"), in: subject.namespace)
            #expect(try await subject.blobFiles().isEmpty)
        }
    }
}
