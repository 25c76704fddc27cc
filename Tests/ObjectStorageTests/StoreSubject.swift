import Checksums
import DiskIO
import Foundation
import Logging
import NIOCore
import SeededRandom
import StorageModel
import Synchronization

@testable import ObjectStorage

/// A store in a folder of its own, with short ways to use it.
final class StoreSubject: Sendable {
    let directory: String
    let store: ObjectStore
    let namespace: Namespace
    private let keepsFolder: Bool

    /// Small bounds, so that few bytes reach every path.
    static func limits(
        inlineBytesMax: Int = 1000,
        stageBufferBytes: Int = 70_000
    ) -> StoreLimits {
        var limits = StoreLimits()
        limits.inlineBytesMax = inlineBytesMax
        limits.stageBufferBytes = stageBufferBytes
        limits.logSegmentBytesMax = 8000
        limits.diskThreads = 2
        limits.reclaimIntervalSeconds = 0
        limits.sealedDeadBytesMin = 1
        return limits
    }

    /// A namespace of a store that is open already, in a folder that stays.
    convenience init(_ directory: String, _ store: ObjectStore) async throws {
        let name = try NamespaceName("subject")
        let namespace =
            switch try await store.createNamespace(name, owner: .root) {
            case .created(let namespace), .alreadyYours(let namespace): namespace
            }
        self.init(directory: directory, store: store, namespace: namespace, keepsFolder: true)
    }

    /// What the files below a folder of the volume take on the disk, in bytes.
    func allocatedBytes(_ folder: String) throws -> Int64 {
        let root = "\(directory)/volume/\(folder)"
        guard let paths = FileManager.default.enumerator(atPath: root) else { return 0 }
        var bytes: Int64 = 0
        for case let path as String in paths {
            let status = try PosixFileSystem().status("\(root)/\(path)")
            if let status, status.kind == .file { bytes += status.allocatedBytes }
        }
        return bytes
    }

    static func configuration(_ directory: String, _ limits: StoreLimits)
        -> ObjectStoreConfiguration
    {
        let time = Mutex<Int64>(1_795_340_000_000)
        return ObjectStoreConfiguration(
            volumeDirectories: [directory + "/volume"],
            indexDirectory: directory + "/index",
            root: Principal(name: .root, accessKey: "ROOT", secretKey: "secret"),
            limits: limits,
            clock: {
                WallTime(
                    milliseconds: time.withLock {
                        $0 += 1
                        return $0
                    }
                )
            }
        )
    }

    private init(directory: String, store: ObjectStore, namespace: Namespace, keepsFolder: Bool) {
        self.directory = directory
        self.store = store
        self.namespace = namespace
        self.keepsFolder = keepsFolder
    }

    deinit {
        if !keepsFolder { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// Opens a store in a new folder and runs a body with it.
    static func with<Value>(
        limits: StoreLimits = limits(),
        _ body: (StoreSubject) async throws -> Value
    ) async throws -> Value {
        let directory = newFolder()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await with(directory, limits: limits, body)
    }

    /// Opens the store of a folder, which stays, and runs a body with it.
    static func with<Value>(
        _ directory: String,
        limits: StoreLimits = limits(),
        _ body: (StoreSubject) async throws -> Value
    ) async throws -> Value {
        let store = try await ObjectStore.open(
            configuration(directory, limits),
            fileSystem: PosixFileSystem(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        do {
            let name = try NamespaceName("subject")
            let namespace =
                switch try await store.createNamespace(name, owner: .root) {
                case .created(let namespace), .alreadyYours(let namespace): namespace
                }
            let subject = StoreSubject(
                directory: directory,
                store: store,
                namespace: namespace,
                keepsFolder: true
            )
            let value = try await body(subject)
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }

    static func newFolder() -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-store-\(UInt64.random(in: 0...UInt64.max))").path
        try? FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        return path
    }

    func stage(_ bytes: [UInt8], pieceBytes: Int = 5000) async throws -> StagedPayload {
        let stage = store.stagePayload(expectedBytes: Int64(bytes.count))
        var rest = ByteBuffer(bytes: bytes)
        while let piece = rest.readSlice(length: min(pieceBytes, rest.readableBytes)),
            piece.readableBytes > 0
        {
            try await stage.append(piece)
        }
        return try await stage.finish()
    }

    @discardableResult
    func put(
        _ key: String,
        _ bytes: [UInt8],
        _ precondition: WritePrecondition = .none
    ) async throws -> ObjectEntry {
        let staged = try await stage(bytes)
        return try await store.put(
            try ObjectKey(key),
            in: namespace,
            staged,
            entityTag: tagging(bytes),
            precondition: precondition
        )
    }

    @discardableResult
    func put(_ key: String, _ text: String) async throws -> ObjectEntry {
        try await put(key, Array(text.utf8))
    }

    func entry(_ key: String) throws -> ObjectEntry? {
        try store.lookUp(try ObjectKey(key), in: namespace)
    }

    /// The object's bytes, read in pieces on whichever way is open.
    func read(_ key: String) async throws -> [UInt8]? {
        guard let entry = try entry(key) else { return nil }
        return try await read(entry)
    }

    func read(
        _ entry: ObjectEntry,
        _ range: Range<Int64>? = nil,
        max: Int = 40_000
    ) async throws -> [UInt8] {
        let reader = try store.reader(entry, range: range ?? 0..<entry.sizeBytes)
        var bytes: [UInt8] = []
        while true {
            var piece = try reader.readNow(max: max, allocator: ByteBufferAllocator())
            if case .wouldBlock = piece {
                piece = try await reader.read(max: max, allocator: ByteBufferAllocator())
            }
            switch piece {
            case .ready(let buffer): bytes += buffer.readableBytesView
            case .wouldBlock: preconditionFailure("a waiting read does not say so")
            case .end: return bytes
            }
        }
    }

    func keys(_ query: ListQuery = ListQuery()) async throws -> [String] {
        try await store.list(query, in: namespace).objects.map(\.key.text)
    }

    /// Waits until blobs that nothing names are gone, and gives the names of those left.
    func blobFiles() async throws -> [String] {
        let upkeep = store.upkeep
        await withCheckedContinuation { continuation in upkeep.whenIdle { continuation.resume() } }
        let blobs = directory + "/volume/blobs"
        return try FileManager.default.subpathsOfDirectory(atPath: blobs).filter { path in
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: "\(blobs)/\(path)",
                isDirectory: &isDirectory
            )
            return !isDirectory.boolValue
        }
    }

    static func tag(_ bytes: [UInt8]) -> String { Hexadecimal.encode(MD5.digest(of: bytes)) }

    /// The entity tag ``tag(_:)``, left to the store where it takes that.
    func tagging(_ bytes: [UInt8]) -> EntityTagging {
        bytes.count <= store.shortPayloadBytesMax
            ? .md5(claimed: MD5.digest(of: bytes)) : .given(Self.tag(bytes))
    }

    /// Bytes that differ for every seed and place.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes[..<count])
    }
}
