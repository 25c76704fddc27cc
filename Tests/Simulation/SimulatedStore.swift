import Checksums
import DiskIO
import Foundation
import Logging
import NIOCore
import SeededRandom
import StorageModel
import Synchronization
import Volumes

@testable import ObjectStorage

/// A store on a simulated disk, with its index in a folder of the real one.
///
/// It works in turn: nothing runs beside what a test waits for, so that a seed gives the same calls
/// every time.
struct SimulatedStore: Sendable {
    let store: ObjectStore
    let namespace: Namespace

    static let directory = "/srv/volume"

    /// Bounds so small that short payloads take every path and the log has many segments.
    static func limits() -> StoreLimits {
        var limits = StoreLimits()
        limits.inlineBytesMax = 500
        limits.stageBufferBytes = 1024
        limits.logSegmentBytesMax = 1500
        limits.diskThreads = 1
        limits.replayBatchMax = 5
        limits.reclaimIntervalSeconds = 0
        limits.sealedDeadBytesMin = 1
        limits.punchBlockBytes = 64
        limits.walkedRowsMax = 2
        limits.relocatedRowsMax = 3
        limits.relocatedBytesMax = 700
        limits.batchedInlineBytesMax = 600
        limits.batchedInlinePayloadBytesMax = 500
        limits.unflushedBlobsMax = 2
        limits.packBytesMax = 400
        limits.movedDraftKeysMax = 1
        return limits
    }

    /// The time, which goes on only when a test wants it to.
    final class Clock: Sendable {
        private let milliseconds = Mutex<Int64>(1_795_340_000_000)

        var now: WallTime { WallTime(milliseconds: milliseconds.withLock { $0 }) }

        func advance(days: Int64) {
            milliseconds.withLock { $0 += days * 86_400_000 }
        }
    }

    static func open(
        _ disk: SimulatedFileSystem,
        index: String,
        seed: UInt64,
        clock: Clock = Clock(),
        directories: [String] = [directory],
        copies: Int? = nil,
        durability: Durability = .strict,
        flushIntervalMilliseconds: Int = 0
    ) async throws -> SimulatedStore {
        let random = Mutex(SeededGenerator(seed: seed))
        var limits = limits()
        limits.flushIntervalMilliseconds = flushIntervalMilliseconds
        var configuration = ObjectStoreConfiguration(
            volumeDirectories: directories,
            copies: copies,
            durability: durability,
            indexDirectory: index,
            limits: limits,
            clock: { clock.now },
            random: { random.withLock { $0.next() } }
        )
        configuration.scheduling = .inTurn
        let store = try await ObjectStore.open(
            configuration,
            fileSystem: disk,
            logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        do {
            switch try await store.createNamespace(try NamespaceName("sim"), owner: .root) {
            case .created(let namespace), .alreadyYours(let namespace):
                return SimulatedStore(store: store, namespace: namespace)
            }
        } catch {
            await store.close()
            throw error
        }
    }

    /// Does what nobody waits for.
    func settle() { store.removeInTurn() }

    func put(_ key: String, _ content: Content) async throws {
        let bytes = content.bytes
        let payload = try await stage(bytes)
        _ = try await store.put(
            try ObjectKey(key),
            in: namespace,
            payload,
            entityTag: tagging(bytes)
        )
    }

    func stage(_ bytes: [UInt8]) async throws -> StagedPayload {
        let stage = store.stagePayload(expectedBytes: nil)
        do {
            try await stage.append(ByteBuffer(bytes: bytes))
            return try await stage.finish()
        } catch {
            await stage.discard()
            throw error
        }
    }

    /// Writes and deletes keys by one change.
    func write(
        _ writes: [(key: String, content: Content)],
        deleting deleted: [String]
    ) async throws {
        let stage = store.batchStage()
        let staged = try await store.diskPool.run {
            let staged = try writes.map { try stage.stage($0.content.bytes) }
            try stage.seal()
            return staged
        }
        var batch = WriteBatch()
        for (write, staged) in zip(writes, staged) {
            batch.puts.append(
                WriteBatch.Put(
                    key: try ObjectKey(write.key),
                    payload: staged.payload,
                    entityTag: staged.entityTag,
                    expectation: .any
                )
            )
        }
        batch.deletions = try deleted.map { try ObjectKey($0) }
        _ = try await store.write(batch, in: namespace)
    }

    static func tag(_ bytes: [UInt8]) -> String { Hexadecimal.encode(MD5.digest(of: bytes)) }

    /// The entity tag ``tag(_:)``, left to the store where it takes that.
    func tagging(_ bytes: [UInt8]) -> EntityTagging {
        bytes.count <= store.shortPayloadBytesMax
            ? .md5(claimed: MD5.digest(of: bytes)) : .given(Self.tag(bytes))
    }

    /// Begins an upload and gives it one part.
    func uploadPart(
        _ key: String,
        _ contents: [Content]
    ) async throws -> (MultipartUpload, PartReference) {
        let upload = try await store.createUpload(try ObjectKey(key), in: namespace)
        var reference = PartReference(number: 1, entityTag: "")
        for content in contents {
            let bytes = content.bytes
            let part = try await store.putPart(
                1,
                of: upload,
                in: namespace,
                try await stage(bytes),
                entityTag: tagging(bytes)
            )
            reference = PartReference(number: 1, entityTag: part.entityTag)
        }
        return (upload, reference)
    }

    /// Writes several objects so that the committer finds them together, in order.
    ///
    /// - Returns: For each whether it was acknowledged.
    func putTogether(_ writes: [(key: String, content: Content)]) async -> [Result<Void, any Error>]
    {
        store.queue.hold()
        return await withTaskGroup(of: (Int, Result<Void, any Error>).self) { group in
            let ended = EndedTasks()
            var waiting = 0
            var results: [Int: Result<Void, any Error>] = [:]
            for (index, write) in writes.enumerated() {
                let bytes = write.content.bytes
                let payload: StagedPayload
                do { payload = try await stage(bytes) } catch {
                    results[index] = .failure(error)
                    continue
                }
                group.addTask {
                    defer { ended.count.withLock { $0 += 1 } }
                    do {
                        _ = try await store.put(
                            ObjectKey(trusted: write.key),
                            in: namespace,
                            payload,
                            entityTag: tagging(bytes)
                        )
                        return (index, .success(()))
                    } catch {
                        return (index, .failure(error))
                    }
                }
                waiting += 1
                // One after the other, or the order in the batch would be chance. Metadata in a
                // blob that cannot be read fails before it is queued.
                while store.queue.count + ended.count.withLock({ $0 }) < waiting {
                    await Task.yield()
                }
            }
            store.queue.release()
            for await (index, result) in group { results[index] = result }
            return writes.indices.map { results[$0] ?? .success(()) }
        }
    }

    /// All bytes of the object of a key; nil if it has none.
    func read(_ key: String) async throws -> [UInt8]? {
        guard let entry = try store.lookUp(try ObjectKey(key), in: namespace) else { return nil }
        let buffer = try await store.diskPool.run {
            try store.readBlocking(entry, range: 0..<entry.sizeBytes)
        }
        return Array(buffer.readableBytesView)
    }
}

/// How many of some tasks have ended.
private final class EndedTasks: Sendable {
    let count = Mutex(0)
}
