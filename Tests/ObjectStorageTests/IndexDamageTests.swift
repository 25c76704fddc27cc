import DiskIO
import Foundation
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that a damaged index costs nothing that the log and the blobs hold.
///
/// Method: rows are changed behind the index's back, as a page that rotted or comes from an older file
/// would have them, and the store is opened again.
@Suite struct IndexDamageTests {
    static let large = StoreSubject.bytes(90_000, seed: 1)

    static let damages = [
        "UPDATE blob SET id = id + 1",
        "UPDATE blob SET refs = refs + 1",
        "DELETE FROM blob",
        "DELETE FROM blob; DELETE FROM object",
        "UPDATE state SET refs_sum = refs_sum + 1",
        "DROP TABLE namespace",
    ]

    @Test(arguments: damages)
    func `an index that is not what was written is made anew before a blob is removed`(
        _ damage: String
    ) async throws {
        let directory = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await StoreSubject.with(directory) { subject in
            try await subject.put("large", Self.large)
            try await subject.put("small", "text")
        }
        let path = directory + "/index/nave.sqlite"
        let connection = try Connection(path: path, ConnectionConfiguration(access: .readWrite))
        try connection.execute(damage)
        try await StoreSubject.with(directory) { subject in
            let large = try await subject.read("large")
            #expect(large == Self.large)
            let small = try await subject.read("small")
            #expect(small == Array("text".utf8))
            let files = try await subject.blobFiles()
            #expect(files.count == 1)
        }
    }

    @Test func `an index that is found damaged while it is used is made anew at the next start`()
        async throws
    {
        let directory = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await StoreSubject.with(directory) { subject in _ = try await subject.put("a", "one") }
        let path = directory + "/index/nave.sqlite"
        let connection = try Connection(path: path, ConnectionConfiguration(access: .readWrite))
        let find = try connection.prepare(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'object'"
        )
        #expect(try find.step())
        let page = find.int64(at: 0) - 1
        let file = try PosixFileSystem().open(path, .readWrite)
        try file.write([UInt8](repeating: 0xFF, count: 4096), at: page * 4096)
        try await StoreSubject.with(directory) { subject in
            for _ in 0..<2 {
                await #expect(throws: StoreError.self) { try await subject.put("b", "two") }
            }
        }
        for _ in 0..<2 {
            try await StoreSubject.with(directory) { subject in
                let found = try await subject.read("a")
                #expect(found == Array("one".utf8))
                try await subject.put("b", "two")
            }
        }
    }

    @Test func `the sum follows every reference`() async throws {
        let directory = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await StoreSubject.with(directory) { subject in
            for number in 0..<5 { try await subject.put("large/\(number)", Self.large) }
            let entry = try #require(try subject.entry("large/1"))
            _ = try await subject.store.copy(
                from: entry,
                to: try ObjectKey("copy"),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
            try await subject.put("large/2", Self.large)
            try await subject.store.delete(try ObjectKey("large/1"), in: subject.namespace)
            try await subject.store.delete(try ObjectKey("large/3"), in: subject.namespace)
        }
        let index = directory + "/index"
        let state = try #require(MetadataIndex.state(directory: index))
        let opened = try MetadataIndex.open(
            directory: index,
            volume: state.volume,
            log: LogPosition(0)..<LogPosition(1 << 40)
        )
        #expect(opened.finding == .usable)
        #expect(try opened.writer.holdsItsBlobs())
        #expect(try opened.writer.reader.blobCount() == 4)
    }
}
