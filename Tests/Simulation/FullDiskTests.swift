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
}
