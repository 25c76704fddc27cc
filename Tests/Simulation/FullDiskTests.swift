import DiskIO
import Foundation
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks that a full disk can be emptied again.
///
/// Method: a small simulated disk is filled through the store; then nothing more fits, all that was
/// acknowledged reads back, and deleting makes room.
@Suite struct FullDiskTests {
    static let capacityBytes: Int64 = 4_000_000

    static let length = 50_000

    @Test func `a full disk refuses puts, keeps room for deletes, and takes puts again`()
        async throws
    {
        let index = FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-full-\(UInt64.random(in: 0...UInt64.max))").path
        try FileManager.default.createDirectory(
            atPath: index,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: index) }
        let disk = SimulatedFileSystem(seed: 1, capacityBytes: Self.capacityBytes)
        let subject = try await SimulatedStore.open(disk, index: index, seed: 1)
        var kept: [String: Content] = [:]
        var failure: StoreError?
        while failure == nil {
            let content = Content.noise(Self.length, seed: UInt64(kept.count))
            do {
                let key = "k\(kept.count)"
                try await subject.put(key, content)
                kept[key] = content
            } catch let error as StoreError {
                failure = error
            }
        }
        #expect(failure == .outOfSpace)
        subject.settle()
        let left = try disk.space(at: "/").availableBytes
        #expect(left > Self.capacityBytes / 16 - Int64(Self.length) - 300_000 && left > 0)
        for (key, content) in kept {
            #expect(try await subject.read(key) == content.bytes)
            let outcome = try await subject.store.delete(
                ObjectKey(trusted: key),
                in: subject.namespace
            )
            #expect(outcome == .deleted)
        }
        subject.settle()
        try await subject.put("again", .noise(Self.length, seed: 7))
        await subject.store.close()
    }

    @Test(arguments: 1...2)
    func `on a disk that others have filled deletions are taken from what is kept for them`(
        copies: Int
    ) async throws {
        let index = FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-full-\(UInt64.random(in: 0...UInt64.max))").path
        try FileManager.default.createDirectory(atPath: index, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: index) }
        let disk = SimulatedFileSystem(seed: 2, capacityBytes: 64_000_000)
        let directories = (0..<copies).map { "\(SimulatedStore.directory)\($0)" }
        var subject = try await SimulatedStore.open(
            disk,
            index: index,
            seed: 2,
            directories: directories,
            copies: copies
        )
        for number in 0..<40 { try await subject.put("k\(number)", Self.content(number)) }
        subject.settle()
        subject.store.reserve.restore()
        disk.leaveRoom(0)
        for round in 0..<2 {
            await #expect(throws: StoreError.outOfSpace) {
                try await subject.put("new", Self.content(99))
            }
            for number in (round * 20)..<(round * 20 + 20) {
                let key = ObjectKey(trusted: "k\(number)")
                let outcome = try await subject.store.delete(key, in: subject.namespace)
                #expect(outcome == .deleted)
            }
            await subject.store.close()
            // With the room that is there again after the deletions.
            subject = try await SimulatedStore.open(
                disk,
                index: index,
                seed: 3,
                directories: directories
            )
            for number in 0..<40 {
                let expected = number < round * 20 + 20 ? nil : Self.content(number).bytes
                #expect(try await subject.read("k\(number)") == expected)
            }
            disk.leaveRoom(64_000_000)
            subject.store.reserve.restore()
            disk.leaveRoom(0)
        }
        await subject.store.close()
    }

    static func content(_ number: Int) -> Content { .noise(length, seed: UInt64(number)) }
}
