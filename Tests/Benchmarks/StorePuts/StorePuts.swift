import Checksums
import DiskIO
import Foundation
import Logging
import NIOCore
import ObjectStorage
import StorageModel
import Synchronization

/// Puts flushed objects into a store without a network: what the storage engine does by itself.
///
///     StorePuts FOLDER WRITERS PAYLOAD_BYTES SECONDS
///
/// Each writer puts an object with its entity tag and CRC-64, as a PUT of the server does, waits until it
/// is durable, and puts the next; writers go round 2000 keys. Prints how many objects a second became
/// durable.
@main struct StorePuts {
    private static let keyCount = 2000

    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 5, let writers = Int(words[2]), let bytes = Int(words[3]),
            let seconds = Int(words[4]), writers > 0, bytes >= 0, seconds > 0
        else {
            print("StorePuts FOLDER WRITERS PAYLOAD_BYTES SECONDS")
            exit(2)
        }
        let store = try await ObjectStore.open(
            ObjectStoreConfiguration(
                volumeDirectories: [words[1] + "/volume"],
                indexDirectory: words[1] + "/index",
                clock: { WallTime(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000)) }
            ),
            fileSystem: PosixFileSystem(),
            logger: Logger(label: "store-puts") { _ in SwiftLogNoOpLogHandler() }
        )
        let name = try NamespaceName("bench")
        _ = try await store.createNamespace(name, owner: .root, access: .private)
        guard let namespace = store.namespace(name) else { throw StoreError.namespaceMissing(name) }
        let subject = StorePuts(
            store: store,
            namespace: namespace,
            payload: ByteBuffer(repeating: 7, count: bytes)
        )
        _ = try await subject.putsPerSecond(writers: writers, for: .seconds(1))
        print(Int(try await subject.putsPerSecond(writers: writers, for: .seconds(seconds))))
        await store.close()
    }

    let store: ObjectStore
    let namespace: Namespace
    let payload: ByteBuffer

    /// How many objects became durable in a second, of some seconds.
    func putsPerSecond(writers: Int, for duration: Duration) async throws -> Double {
        let begun = ContinuousClock.now
        let deadline = begun + duration
        let puts = try await withThrowingTaskGroup { group in
            for writer in 0..<writers {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < deadline {
                        try await put((count * writers + writer) % Self.keyCount)
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(puts) / ((ContinuousClock.now - begun) / .seconds(1))
    }

    private func put(_ number: Int) async throws {
        var checksum = StreamingChecksum.crc64nvme(CRC64NVME())
        payload.withUnsafeReadableBytes { checksum.update($0) }
        let stage = store.stagePayload(expectedBytes: Int64(payload.readableBytes))
        try await stage.append(payload)
        _ = try await store.put(
            try ObjectKey("put-\(payload.readableBytes)/\(number)"),
            in: namespace,
            try await stage.finish(),
            entityTag: .md5(claimed: nil),
            checksums: [
                ObjectChecksum(
                    algorithm: .crc64nvme,
                    scope: .fullObject,
                    text: checksum.finalizeBase64()
                )
            ]
        )
    }
}
