import DiskIO
import Foundation
import Logging
import NIOCore
import ObjectStorage
import StorageModel

/// A store in a directory of its own, with one namespace, for the length of one test.
struct TestStore: Sendable {
    let store: ObjectStore
    let pool: BlockingPool
    let namespace: Namespace
    let directory: URL

    /// Runs a test with a store, and removes the store.
    static func with(_ body: (TestStore) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "nave-arrays-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try await ObjectStore.open(
            ObjectStoreConfiguration(
                volumeDirectories: [directory.appending(path: "volume").path],
                indexDirectory: directory.appending(path: "index").path,
                clock: { WallTime(milliseconds: 1_000) }
            ),
            fileSystem: PosixFileSystem(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        do {
            let name = try NamespaceName("test")
            _ = try await store.createNamespace(name, owner: .root, access: .private)
            guard let namespace = store.namespace(name) else { throw StoreError.closed }
            let pool = try BlockingPool(name: "arrays", threadCount: 2)
            let subject = TestStore(
                store: store,
                pool: pool,
                namespace: namespace,
                directory: directory
            )
            try await body(subject)
            await pool.shutdown()
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    /// Stores an object.
    func put(_ key: String, _ bytes: [UInt8]) async throws {
        let stage = store.stagePayload(expectedBytes: Int64(bytes.count))
        try await stage.append(ByteBuffer(bytes: bytes))
        _ = try await store.put(
            try ObjectKey(key),
            in: namespace,
            try await stage.finish(),
            entityTag: .given("0"),
            attributes: ObjectAttributes(),
            checksums: [],
            precondition: .none
        )
    }
}
