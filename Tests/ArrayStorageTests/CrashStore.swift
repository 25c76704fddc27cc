import ArrayModel
import DiskIO
import Foundation
import Logging
import NIOCore
import StorageModel

@testable import ArrayStorage
@testable import ObjectStorage

/// A store on a simulated disk with one array in it, its index in a folder of the real one.
struct CrashStore: Sendable {
    let store: ObjectStore
    let pool: BlockingPool
    let namespace: Namespace
    let reference: ArrayReference

    /// A folder for an index.
    static func makeIndexFolder() throws -> String {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "nave-crash-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    /// Removes such a folder.
    static func remove(_ folder: String) {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Runs a body with a store whose index is lost afterwards.
    static func with(
        _ disk: SimulatedFileSystem,
        _ body: (CrashStore) async throws -> Void
    ) async throws {
        let index = try makeIndexFolder()
        defer { remove(index) }
        try await with(disk, index: index, body)
    }

    /// Runs a body with a store, and closes the store.
    static func with<Value>(
        _ disk: SimulatedFileSystem,
        index: String,
        _ body: (CrashStore) async throws -> Value
    ) async throws -> Value {
        var configuration = ObjectStoreConfiguration(
            volumeDirectories: ["/srv/volume"],
            indexDirectory: index,
            clock: { WallTime(milliseconds: 1_000) }
        )
        configuration.scheduling = .inTurn
        let store = try await ObjectStore.open(
            configuration,
            fileSystem: disk,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let pool = try BlockingPool(name: "arrays", threadCount: 1)
        let value: Value
        do {
            let name = try NamespaceName("crash")
            if store.namespace(name) == nil {
                _ = try await store.createNamespace(name, owner: .root, access: .private)
            }
            guard let namespace = store.namespace(name) else { throw StoreError.closed }
            let reference = try ArrayReference("crash/a:v0")
            value = try await body(
                CrashStore(store: store, pool: pool, namespace: namespace, reference: reference)
            )
        } catch {
            await pool.shutdown()
            await store.close()
            throw error
        }
        await pool.shutdown()
        await store.close()
        return value
    }

    func writer(_ limits: ArrayWriterLimits) -> ArrayWriter {
        ArrayWriter(store: store, catalog: ArrayCatalog(store: store), pool: pool, limits: limits)
    }

    func array() async throws -> ResolvedArray {
        try await ArrayCatalog(store: store).resolve(reference, in: namespace)
    }

    /// Writes one value to a region.
    func write(_ value: UInt8, _ slice: String, _ writer: ArrayWriter) async throws {
        let array = try await array()
        let block = ElementBlock(
            NPYLayout(dataType: .uint8, byteOrder: nil, shape: [], order: .rowMajor),
            bytes: ByteBuffer(bytes: [value])
        )
        let selection = try Selection(slice, shape: array.metadata.shape)
        _ = try await writer.write(reference, array, selection, block)
    }

    /// All elements of an array of bytes.
    func elements() async throws -> [UInt8] {
        let array = try await array()
        let selection = try Selection("...", shape: array.metadata.shape)
        return try await bytes(of: ArrayReader(store: store, pool: pool).region(array, selection))
    }

    /// How many chunks are stored, those outside of the array among them.
    func storedChunks() throws -> Int {
        guard
            let line = try store.versionState(
                VersionName(trustedName: "a", tag: "v0"),
                in: namespace
            )?.line
        else { throw StoreError.closed }
        return try store.list(prefix: "c/", line: line, limit: 10_000).count
    }

    /// What the metadata remembers of a shrink that broke off.
    func formerShape() throws -> String? {
        let place = ArrayPlace(name: "a", tag: "v0")
        guard let node = try store.node(place, in: namespace),
            let entry = try store.lookUp(node.metadataKey, line: node.line)
        else { throw StoreError.closed }
        return entry.attributes.userMetadata.first { $0.name == "nave-former-shape" }?.value
    }
}
