import Checksums
import DiskIO
import Foundation
import Logging
import NIOCore
import SeededRandom
import StorageModel
import Synchronization
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// A store in a folder of its own, with short ways to fill, break and read it.
struct StoreSubject {
    /// Objects beyond so many bytes get blobs of their own.
    static let inlineBytesMax = 1000

    let store: ObjectStore
    let namespace: Namespace

    static func limits() -> StoreLimits {
        var limits = StoreLimits()
        limits.inlineBytesMax = inlineBytesMax
        limits.stageBufferBytes = 70_000
        limits.logSegmentBytesMax = 8000
        limits.diskThreads = 2
        limits.reservedBytes = 0
        return limits
    }

    /// Opens the store of a folder, runs a body with it, and closes it.
    @discardableResult
    static func with<Value>(
        _ folder: Folder,
        fileSystem: any FileSystem = PosixFileSystem(),
        limits: StoreLimits = limits(),
        ledger: DamageLedger = DamageLedger(),
        _ body: (StoreSubject) async throws -> Value
    ) async throws -> Value {
        let store = try await ObjectStore.open(
            ObjectStoreConfiguration(
                volumeDirectories: folder.volumes,
                copies: folder.volumes.count > 1 ? folder.volumes.count : nil,
                indexDirectory: folder.index,
                limits: limits,
                ledger: ledger,
                clock: folder.clock
            ),
            fileSystem: fileSystem,
            logger: Folder.logger
        )
        do {
            let name = try NamespaceName("subject")
            let namespace =
                switch try await store.createNamespace(name, owner: .root) {
                case .created(let namespace), .alreadyYours(let namespace): namespace
                }
            let value = try await body(StoreSubject(store: store, namespace: namespace))
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }

    func stage(_ bytes: [UInt8]) async throws -> StagedPayload {
        let stage = store.stagePayload(expectedBytes: Int64(bytes.count))
        try await stage.append(ByteBuffer(bytes: bytes))
        return try await stage.finish()
    }

    @discardableResult
    func put(_ key: String, _ bytes: [UInt8]) async throws -> ObjectEntry {
        try await store.put(
            try ObjectKey(key),
            in: namespace,
            try await stage(bytes),
            entityTag: .given(Hexadecimal.encode(MD5.digest(of: bytes)))
        )
    }

    func delete(_ key: String) async throws {
        try await store.delete(try ObjectKey(key), in: namespace)
    }

    /// Every key with its bytes.
    func contents() async throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for object in try await store.list(ListQuery(), in: namespace).objects {
            contents[object.key.text] = try await read(object.key.text)
        }
        return contents
    }

    func read(_ key: String) async throws -> [UInt8] {
        guard let entry = try store.lookUp(try ObjectKey(key), in: namespace) else {
            throw StoreError.objectMissing(try ObjectKey(key))
        }
        let store = store
        let buffer = try await store.diskPool.run {
            try store.readBlocking(entry, range: 0..<entry.sizeBytes)
        }
        return Array(buffer.readableBytesView)
    }

    /// The log address of a small object's bytes, or the blob of a large one.
    func extent(_ key: String) throws -> Extent? {
        try store.lookUp(try ObjectKey(key), in: namespace)?.payload.extents.first
    }

    /// Waits until blobs that nothing names are gone.
    func settle() async {
        let upkeep = store.upkeep
        await withCheckedContinuation { continuation in upkeep.whenIdle { continuation.resume() } }
    }

    /// Objects of every kind: small and large, replaced, deleted, copied, in parts, arrays, an
    /// upload in progress.
    func fill() async throws {
        for number in 0..<30 {
            try await put("small/\(number)", Folder.bytes(40 * number, seed: number))
        }
        for number in 0..<6 {
            try await put("large/\(number)", Folder.bytes(70_000 + number, seed: 100 + number))
        }
        try await put("small/3", Folder.bytes(500, seed: 50))
        try await put("large/3", Folder.bytes(90_000, seed: 51))
        try await delete("small/4")
        try await delete("large/4")
        let array = Array(
            #"""
            {"zarr_format": 3, "node_type": "array", "shape": [4], "data_type": "uint8",
             "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
             "chunk_key_encoding": {"name": "default"}, "fill_value": 0,
             "codecs": [{"name": "bytes"}], "attributes": {}}
            """#.utf8
        )
        try await put("plain/c/0", [1, 2])
        try await put("plain/zarr.json", array)
        try await put("plain/c/1", [3, 4])
        try await put("heart:v0/c/0", [5, 6])
        try await put("heart:v0/zarr.json", array)
        try await put("heart:v0/c/1", [7, 8])
        try await fillUploads()
    }

    private func fillUploads() async throws {
        let source = try store.lookUp(try ObjectKey("large/1"), in: namespace)
        if let source {
            _ = try await store.copy(
                from: source,
                to: try ObjectKey("copy"),
                in: namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
        }
        let open = try await store.createUpload(try ObjectKey("unfinished"), in: namespace)
        try await putPart(1, open, Folder.bytes(3000, seed: 60))
        try await putPart(2, open, Folder.bytes(300, seed: 61))
        let upload = try await store.createUpload(try ObjectKey("in-parts"), in: namespace)
        let part = try await putPart(1, upload, Folder.bytes(600, seed: 62))
        _ = try await store.completeUpload(
            upload.id,
            key: try ObjectKey("in-parts"),
            in: namespace,
            parts: [part]
        )
    }

    @discardableResult
    private func putPart(
        _ number: Int,
        _ upload: MultipartUpload,
        _ bytes: [UInt8]
    ) async throws -> PartReference {
        let part = try await store.putPart(
            number,
            of: upload,
            in: namespace,
            try await stage(bytes),
            entityTag: .given(Hexadecimal.encode(MD5.digest(of: bytes)))
        )
        return PartReference(number: number, entityTag: part.entityTag)
    }
}

/// A folder for one store, removed when the test is over.
final class Folder: Sendable {
    let path: String
    /// Where the volume is; on a simulated disk this is not below `path`.
    let volume: String
    /// All volumes, the first of them `volume`; everything is kept on each of them.
    let volumes: [String]
    let clock: @Sendable () -> WallTime

    var index: String { path + "/index" }
    var indexFile: String { index + "/nave.sqlite" }

    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init(volume: String? = nil, copies: Int = 1) throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-keep-\(UInt64.random(in: 0...UInt64.max))").path
        let first = volume ?? path + "/volume"
        self.volume = first
        volumes = [first] + (1..<copies).map { "\(first)-\($0)" }
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        let time = Mutex<Int64>(1_795_340_000_000)
        clock = {
            WallTime(
                milliseconds: time.withLock {
                    $0 += 1
                    return $0
                }
            )
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Bytes that differ for every seed and place.
    static func bytes(_ count: Int, seed: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(seed))
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    // MARK: - Files, broken by hand

    /// The segments of the log, on the first volume or another.
    func segments(_ number: Int = 0) throws -> [String] {
        let log = volumes[number] + "/log"
        return try FileManager.default.contentsOfDirectory(atPath: log).sorted()
            .map { "\(log)/\($0)" }
    }

    func blobs() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: volume + "/blobs").sorted()
            .filter { $0.hasSuffix(".blob") }.map { "\(volume)/blobs/\($0)" }
    }

    func blobPath(_ extent: Extent?, on number: Int = 0) throws -> String {
        guard case .blob(let id, _, _) = extent else { throw FolderError.noBlob }
        let digits = String(id.number, radix: 16)
        let name = String(repeating: "0", count: 16 - digits.count) + digits
        return "\(volumes[number])/blobs/\(name.prefix(2))/\(name).blob"
    }

    /// The segment and the byte in it where a small object's payload begins.
    func place(_ extent: Extent?, on number: Int = 0) throws -> (path: String, offset: Int) {
        guard case .inline(let position, _, _) = extent else { throw FolderError.noInline }
        for path in try segments(number).reversed() {
            let digits = path.split(separator: "/").last?.prefix(16) ?? ""
            guard let first = Int(digits, radix: 16), first <= Int(position.bytes) else {
                continue
            }
            return (path, Int(position.bytes) - first)
        }
        throw FolderError.noInline
    }

    enum FolderError: Error {
        case noBlob, noInline
    }

    static func flip(_ path: String, _ offset: Int) throws {
        let file = try PosixFileSystem().open(path, .readWrite)
        let byte = try file.read(1, at: Int64(offset))
        try file.write(byte.map { $0 ^ 0x10 }, at: Int64(offset))
    }

    static func truncate(_ path: String, by bytes: Int64) throws {
        let file = try PosixFileSystem().open(path, .readWrite)
        try file.truncate(to: try file.sizeBytes() - bytes)
    }
}
