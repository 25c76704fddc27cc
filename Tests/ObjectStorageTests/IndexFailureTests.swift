import DiskIO
import Foundation
import Logging
import MetadataIndex
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that an index whose disk fails is made anew on another, and that nothing is lost or answered
/// wrongly meanwhile.
///
/// Method: two volumes hold everything twice. The files of the index in use are overwritten, as a disk
/// that returns what was never written has them, or something is in the index's way when the store opens.
@Suite struct IndexFailureTests {
    /// The folders of two volumes, each with a place for the index.
    struct Folders {
        let root: String

        init() { root = StoreSubject.newFolder() }

        var indexes: [String] { ["one", "two"].map { "\(root)/\($0)/index" } }

        func configuration(spare: Bool = true) -> ObjectStoreConfiguration {
            var configuration = StoreSubject.configuration(root, StoreSubject.limits())
            configuration.volumeDirectories = ["\(root)/one", "\(root)/two"]
            configuration.copies = 2
            configuration.indexDirectory = indexes[0]
            configuration.spareIndexDirectories = spare ? [indexes[1]] : []
            return configuration
        }

        func with(
            spare: Bool = true,
            _ body: (StoreSubject) async throws -> Void
        ) async throws {
            let store = try await ObjectStore.open(
                configuration(spare: spare),
                fileSystem: PosixFileSystem(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            do {
                try await body(try await StoreSubject(root, store))
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }

        func remove() { try? FileManager.default.removeItem(atPath: root) }
    }

    static let large = StoreSubject.bytes(90_000, seed: 1)

    static func fill(_ subject: StoreSubject) async throws -> [String: [UInt8]] {
        var kept: [String: [UInt8]] = [:]
        for number in 0..<40 {
            let bytes = number % 8 == 0 ? large : Array("text \(number)".utf8)
            try await subject.put("key/\(number)", bytes)
            kept["key/\(number)"] = bytes
        }
        return kept
    }

    static func check(_ subject: StoreSubject, _ kept: [String: [UInt8]]) async throws {
        let keys = try await subject.keys()
        #expect(keys == kept.keys.sorted())
        for (key, bytes) in kept {
            let found = try await subject.read(key)
            #expect(found == bytes, "\(key)")
        }
    }

    /// Overwrites every byte of the index in a directory.
    static func spoil(_ directory: String) throws {
        for suffix in ["", "-wal"] {
            let file = try PosixFileSystem().open(directory + "/nave.sqlite" + suffix, .readWrite)
            let size = try file.sizeBytes()
            try file.write([UInt8](repeating: 0xFF, count: Int(size)), at: 0)
        }
    }

    /// Puts a file where the directory of an index would be.
    static func block(_ directory: String, with text: String) throws {
        try text.write(toFile: directory, atomically: true, encoding: .utf8)
    }

    /// Writes once, so that connections read anew what they have in memory, and reads something.
    static func stumble(_ subject: StoreSubject) async throws {
        _ = try? await subject.put("key/0", Self.large)
        _ = try? await subject.keys()
        _ = try? subject.entry("key/1")
    }

    @Test func `an index that fails is made anew beside another volume while writes go on`()
        async throws
    {
        let folders = Folders()
        defer { folders.remove() }
        var kept: [String: [UInt8]] = [:]
        try await folders.with { subject in
            kept = try await Self.fill(subject)
            #expect(subject.store.indexDirectory == folders.indexes[0])
            try Self.spoil(folders.indexes[0])
            try await Self.stumble(subject)
            // What is noted of a read that failed is looked into before the next batch.
            try await subject.put("later", "text")
            kept["later"] = Array("text".utf8)
            #expect(subject.store.indexDirectory == folders.indexes[1])
            #expect(subject.store.indexCondition == .usable)
            try await Self.check(subject, kept)
            try await subject.store.delete(try ObjectKey("key/3"), in: subject.namespace)
            kept["key/3"] = nil
            try await Self.check(subject, kept)
        }
        try await folders.with { subject in
            #expect(subject.store.indexDirectory == folders.indexes[1])
            #expect(!MetadataIndex.isPresent(in: folders.indexes[0]))
            try await Self.check(subject, kept)
        }
    }

    @Test func `an index that fails with no other place for it is said to have failed`()
        async throws
    {
        let folders = Folders()
        defer { folders.remove() }
        var kept: [String: [UInt8]] = [:]
        try await folders.with(spare: false) { subject in
            kept = try await Self.fill(subject)
            #expect(subject.store.indexCondition == .usable)
            try Self.spoil(folders.indexes[0])
            try await Self.stumble(subject)
            _ = try? await subject.put("key/0", Self.large)
            #expect(subject.store.indexCondition == .failed)
        }
        try await folders.with(spare: false) { subject in
            #expect(subject.store.indexCondition == .usable)
            try await Self.check(subject, kept)
        }
    }

    @Test func `an index that cannot be made in the first folder is made in the second`()
        async throws
    {
        let folders = Folders()
        defer { folders.remove() }
        var kept: [String: [UInt8]] = [:]
        try await folders.with { subject in kept = try await Self.fill(subject) }
        try FileManager.default.removeItem(atPath: folders.indexes[0])
        try Self.block(folders.indexes[0], with: "mine")
        try await folders.with { subject in
            #expect(subject.store.indexDirectory == folders.indexes[1])
            try await Self.check(subject, kept)
        }
        #expect(try String(contentsOfFile: folders.indexes[0], encoding: .utf8) == "mine")
        let refusal = StoreError.openFailed(
            .inputOutput(path: folders.indexes[0], errorNumber: ENOTDIR)
        )
        await #expect(throws: refusal) { try await folders.with(spare: false) { _ in } }
    }

    @Test func `an index that was left behind gives way to the one that went on`() async throws {
        let folders = Folders()
        defer { folders.remove() }
        let old = folders.root + "/old.sqlite"
        var kept: [String: [UInt8]] = [:]
        try await folders.with { subject in kept = try await Self.fill(subject) }
        try FileManager.default.copyItem(atPath: folders.indexes[0] + "/nave.sqlite", toPath: old)
        // The first disk is away, and the index goes on beside the second volume.
        try FileManager.default.removeItem(atPath: folders.indexes[0])
        try Self.block(folders.indexes[0], with: "")
        try await folders.with { subject in
            try await subject.put("later", "text")
            kept["later"] = Array("text".utf8)
        }
        try FileManager.default.removeItem(atPath: folders.indexes[0])
        try PosixFileSystem().makeDirectories(folders.indexes[0])
        try FileManager.default.copyItem(atPath: old, toPath: folders.indexes[0] + "/nave.sqlite")
        try await folders.with { subject in
            #expect(subject.store.indexDirectory == folders.indexes[1])
            try await Self.check(subject, kept)
        }
        #expect(!MetadataIndex.isPresent(in: folders.indexes[0]))
    }
}
