import DiskIO
import Foundation
import Logging
import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks that an index that is lost comes back from snapshots and the log, that what cannot be read
/// is passed over, and that uploads expire.
@Suite struct SnapshotStoreTests {
    /// A folder with a store whose log was cleaned, and what its keys hold.
    static func cleanedFolder() async throws -> (String, [String: [UInt8]]) {
        let directory = StoreSubject.newFolder()
        var kept: [String: [UInt8]] = [:]
        try await StoreSubject.with(directory) { subject in
            for number in 0..<120 {
                let key = "k/\(number % 50)"
                kept[key] = StoreSubject.bytes(700 + number, seed: UInt64(number))
                try await subject.put(key, kept[key] ?? [])
            }
            #expect(try await subject.store.cleanLog().removedSegments > 0)
            #expect(subject.store.volume.logStart > LogPosition(0))
            for number in 50..<60 {
                let key = "k/\(number)"
                kept[key] = StoreSubject.bytes(500, seed: UInt64(number))
                try await subject.put(key, kept[key] ?? [])
            }
        }
        return (directory, kept)
    }

    static func snapshots(_ directory: String) throws -> [String] {
        try PosixFileSystem().list(directory + "/volume/snapshots")
            .map { "\(directory)/volume/snapshots/\($0)" }
    }

    static func spoil(_ path: String) throws {
        let file = try PosixFileSystem().open(path, .readWrite)
        let byte = try file.read(1, at: 9000)
        try file.write([byte[0] ^ 4], at: 9000)
    }

    static func check(_ directory: String, _ kept: [String: [UInt8]]) async throws {
        try await StoreSubject.with(directory) { subject in
            let count = try await subject.keys().count
            #expect(count == kept.count)
            for (key, bytes) in kept { #expect(try await subject.read(key) == bytes) }
        }
    }

    @Test func `a lost index comes back from the newest snapshot, or from the older`() async throws
    {
        let (directory, kept) = try await Self.cleanedFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try Self.snapshots(directory).count == 2)
        try FileManager.default.removeItem(atPath: directory + "/index")
        try await Self.check(directory, kept)

        let newest = try #require(try Self.snapshots(directory).last)
        try Self.spoil(newest)
        // As long as there is an index, nobody needs the snapshot.
        try await Self.check(directory, kept)
        #expect(try Self.snapshots(directory).last == newest)
        try FileManager.default.removeItem(atPath: directory + "/index")
        try await Self.check(directory, kept)
        let snapshots = try Self.snapshots(directory)
        #expect(!snapshots.contains(newest), "the unreadable one is gone")

        // Files that a crash may leave beside the index are swept.
        for name in ["snapshot.sqlite", "snapshot.sqlite-journal", "nave.sqlite.new"] {
            let path = "\(directory)/index/\(name)"
            #expect(FileManager.default.createFile(atPath: path, contents: Data([1, 2, 3])))
        }
        let litter = "\(directory)/volume/snapshots/0000000000000008.snapshot.new"
        #expect(FileManager.default.createFile(atPath: litter, contents: Data([1])))
        try await Self.check(directory, kept)
        let left = try PosixFileSystem().list(directory + "/index")
        #expect(left.contains("nave.sqlite"))
        #expect(
            left.allSatisfy { ["nave.sqlite", "nave.sqlite-wal", "nave.sqlite-shm"].contains($0) }
        )
        #expect(!FileManager.default.fileExists(atPath: litter))
    }

    @Test func `without index and snapshots a cleaned log is refused by name`() async throws {
        let (directory, kept) = try await Self.cleanedFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for path in try Self.snapshots(directory) { try Self.spoil(path) }
        try FileManager.default.moveItem(
            atPath: directory + "/index",
            toPath: directory + "/aside"
        )
        await #expect(
            throws: StoreError.openFailed(.indexLost(directory: directory + "/index"))
        ) {
            try await Self.check(directory, kept)
        }
        try FileManager.default.removeItem(atPath: directory + "/index")
        try FileManager.default.moveItem(
            atPath: directory + "/aside",
            toPath: directory + "/index"
        )
        try await Self.check(directory, kept)
        // The next pass makes snapshots that can be read.
        try await StoreSubject.with(directory) { subject in
            try await subject.put("more", "more")
            try await subject.store.takeSnapshot()
        }
        try FileManager.default.removeItem(atPath: directory + "/index")
        var more = kept
        more["more"] = Array("more".utf8)
        try await Self.check(directory, more)
    }

    @Test func `a snapshot of an index that has not moved is not made again`() async throws {
        try await StoreSubject.with { subject in
            try await subject.put("a", "a")
            for _ in 0..<3 { try await subject.store.takeSnapshot() }
            #expect(subject.store.volume.snapshotPositions == [subject.store.volume.logEnd])
            try await subject.put("b", "b")
            try await subject.store.takeSnapshot()
            #expect(subject.store.volume.snapshotPositions.count == 2)
        }
    }

    @Test func `uploads expire by the clock, a page at a time, and free their blobs`() async throws
    {
        let directory = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let time = Mutex<Int64>(1_795_340_000_000)
        var configuration = StoreSubject.configuration(directory, StoreSubject.limits())
        configuration.clock = { WallTime(milliseconds: time.withLock { $0 }) }
        let store = try await ObjectStore.open(
            configuration,
            fileSystem: PosixFileSystem(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let subject = try await StoreSubject(directory, store)
        func upload(_ key: String, _ count: Int) async throws -> MultipartUpload {
            let upload = try await store.createUpload(
                ObjectKey(trusted: key),
                in: subject.namespace
            )
            let bytes = StoreSubject.bytes(count, seed: 3)
            _ = try await store.putPart(
                1,
                of: upload,
                in: subject.namespace,
                try await subject.stage(bytes),
                entityTag: .given(StoreSubject.tag(bytes))
            )
            return upload
        }
        for number in 0..<150 { _ = try await upload("old/\(number)", number < 3 ? 5000 : 10) }
        time.withLock { $0 += 3 * 86_400_000 }
        let young = try await upload("young", 6000)
        #expect(try await store.expireUploads() == 0)
        time.withLock { $0 += 4 * 86_400_000 }
        #expect(try await store.expireUploads() == 0, "exactly seven days are not yet older")
        time.withLock { $0 += 1 }
        #expect(try await store.expireUploads() == 150)
        let left = try await store.uploads(UploadQuery(), in: subject.namespace)
        #expect(left.uploads.map(\.id) == [young.id])
        #expect(try await subject.blobFiles().count == 1)
        #expect(try await store.expireUploads() == 0)
        await store.close()

        configuration.limits.uploadExpirySeconds = 0
        let keeping = try await ObjectStore.open(
            configuration,
            fileSystem: PosixFileSystem(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        time.withLock { $0 += 1000 * 86_400_000 }
        #expect(try await keeping.expireUploads() == 0, "0 keeps uploads for ever")
        await keeping.close()
    }
}
