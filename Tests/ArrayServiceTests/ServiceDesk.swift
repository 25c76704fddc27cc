import AdminService
import ArrayModel
import ArrayStorage
import DiskIO
import Foundation
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel
import Synchronization
import Testing

@testable import ArrayService

/// The service over a store in a temporary folder, and a client of it.
struct ServiceDesk: Sendable {
    /// Who sends a request.
    enum Sender {
        case root
        case owner
        case stranger
        case nobody

        var keys: (access: String, secret: String)? {
            switch self {
            case .root: ("rootkey", "rootsecret")
            case .owner: ("ownerkey", "ownersecret")
            case .stranger: ("strangerkey", "strangersecret")
            case .nobody: nil
            }
        }
    }

    /// What came back.
    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let bytes: [UInt8]
        /// Whether the body broke off.
        var isCut = false
        /// The lengths of the pieces of a body that was streamed.
        var pieces: [Int] = []

        func json() throws -> JSONValue { try JSONValue(parsing: bytes) }

        /// The status and code of a problem document.
        func problem() throws -> String {
            let document = try json()
            #expect(headers.first(name: "content-type") == "application/problem+json")
            #expect(document["status"]?.integer == status)
            for member in ["type", "title", "detail", "instance"] {
                #expect(document[member]?.string?.isEmpty == false, "\(member)")
            }
            return "\(status) \(document["code"]?.string ?? "")"
        }
    }

    let store: ObjectStore
    let service: ArrayService

    /// Runs a test with a desk of empty namespaces `test` and `open`, both of the owner.
    static func with(_ body: (ServiceDesk) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "nave-desk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let root = Principal(name: .root, accessKey: "rootkey", secretKey: "rootsecret")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = try await ObjectStore.open(
            ObjectStoreConfiguration(
                volumeDirectories: [folder.appending(path: "volume").path],
                indexDirectory: folder.appending(path: "index").path,
                root: root,
                clock: { WallTime(milliseconds: 1_795_341_900_123) }
            ),
            fileSystem: PosixFileSystem(),
            logger: logger
        )
        let pool = try BlockingPool(name: "arrays", threadCount: 2)
        let desk = try await ServiceDesk(store: store, pool: pool, logger: logger)
        do {
            try await body(desk)
        } catch {
            await pool.shutdown()
            await store.close()
            throw error
        }
        await pool.shutdown()
        await store.close()
    }

    private init(store: ObjectStore, pool: BlockingPool, logger: Logger) async throws {
        self.store = store
        let owner = try PrincipalName("owner")
        try await store.addPrincipal(
            Principal(name: owner, accessKey: "ownerkey", secretKey: "ownersecret")
        )
        try await store.addPrincipal(
            Principal(
                name: try PrincipalName("stranger"),
                accessKey: "strangerkey",
                secretKey: "strangersecret"
            )
        )
        _ = try await store.createNamespace(
            try NamespaceName("test"),
            owner: owner,
            access: .private
        )
        _ = try await store.createNamespace(
            try NamespaceName("open"),
            owner: owner,
            access: .publicRead
        )
        let catalog = ArrayCatalog(store: store)
        service = ArrayService(
            store: store,
            catalog: catalog,
            reader: ArrayReader(store: store, pool: pool),
            writer: ArrayWriter(store: store, catalog: catalog, pool: pool),
            authenticator: RequestAuthenticator(
                principalFor: { store.principal(accessKey: $0) },
                now: { WallTime(milliseconds: 1_795_341_900_123) }
            ),
            logger: logger
        )
    }

    /// Stores an object.
    func put(_ key: String, _ bytes: some Sequence<UInt8>, in name: String = "test") async throws {
        let namespace = try #require(store.namespace(try NamespaceName(name)))
        let stage = store.stagePayload(expectedBytes: nil)
        try await stage.append(ByteBuffer(bytes: bytes))
        _ = try await store.put(
            try ObjectKey(key),
            in: namespace,
            try await stage.finish(),
            entityTag: .given("0")
        )
    }

    func delete(_ key: String, in name: String = "test") async throws {
        let namespace = try #require(store.namespace(try NamespaceName(name)))
        _ = try await store.delete(try ObjectKey(key), in: namespace)
    }

    /// Sends a request over the loopback.
    func get(
        _ target: String,
        as sender: Sender = .owner,
        method: HTTPMethod = .GET,
        accept: String? = nil,
        contentType: String? = nil,
        body: [UInt8] = []
    ) async throws -> Answer {
        var headers: HTTPHeaders = [:]
        if let accept { headers.add(name: "Accept", value: accept) }
        if let contentType { headers.add(name: "Content-Type", value: contentType) }
        return try await send(method, target, as: sender, headers: headers, body: body)
    }

    /// Sends a request of any kind over the loopback.
    func send(
        _ method: HTTPMethod,
        _ target: String,
        as sender: Sender = .owner,
        headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) async throws -> Answer {
        let response = try await response(method, target, as: sender, headers: headers, body: body)
        return try await answer(response, method)
    }

    /// The body of an answer to a POST of the owner that nothing was read of yet; nil if it is none.
    func opened(_ target: String, body: [UInt8]) async throws -> (any HTTPBodySource)? {
        let response = try await response(.POST, target, as: .owner, headers: [:], body: body)
        guard case .pulled(let source) = response.body else { return nil }
        return source
    }

    private func response(
        _ method: HTTPMethod,
        _ target: String,
        as sender: Sender,
        headers: HTTPHeaders,
        body: [UInt8]
    ) async throws -> HTTPResponse {
        var headers = headers
        if let keys = sender.keys {
            let text = Data("\(keys.access):\(keys.secret)".utf8).base64EncodedString()
            headers.add(name: "Authorization", value: "Basic \(text)")
        }
        let request = HTTPRequest(method: method, target: target, headers: headers)
        switch service.answer(request) {
        case .now(let response): return response
        case .soon(let work), .later(let work):
            // In pieces of odd lengths, as the network cuts them.
            var pieces: [ByteBuffer] = []
            var rest = ByteBuffer(bytes: body)
            while let piece = rest.readSlice(length: min(rest.readableBytes, 101)),
                piece.readableBytes > 0
            {
                pieces.append(piece)
            }
            return await work(HTTPRequestBody(pieces: pieces))
        }
    }

    /// The bytes that a source gives, and whether it broke off.
    static func gather(_ source: any HTTPBodySource) async -> ([UInt8], Bool) {
        var bytes: [UInt8] = []
        let allocator = ByteBufferAllocator()
        do {
            while true {
                var piece = try source.readNow(max: 1000, allocator: allocator)
                if case .wouldBlock = piece {
                    piece = try await source.read(max: 1000, allocator: allocator)
                }
                guard case .ready(let buffer) = piece else { break }
                bytes += buffer.readableBytesView
            }
        } catch {
            return (bytes, true)
        }
        #expect(Int64(bytes.count) == source.byteCount)
        return (bytes, false)
    }

    private func answer(_ response: HTTPResponse, _ method: HTTPMethod) async throws -> Answer {
        let status = Int(response.status.code)
        switch response.body {
        case .none: return Answer(status: status, headers: response.headers, bytes: [])
        case .bytes(let body):
            return Answer(
                status: status,
                headers: response.headers,
                bytes: Array(body.readableBytesView)
            )
        case .pulled(let source):
            guard method != .HEAD else {
                return Answer(status: status, headers: response.headers, bytes: [])
            }
            let (bytes, isCut) = await Self.gather(source)
            return Answer(
                status: status,
                headers: response.headers,
                bytes: bytes,
                isCut: isCut
            )
        case .streamed(let byteCount, let write):
            guard method != .HEAD else {
                return Answer(status: status, headers: response.headers, bytes: [])
            }
            let gathered = Mutex<[UInt8]>([])
            let pieces = Mutex<[Int]>([])
            var isCut = false
            do {
                try await write(
                    HTTPBodyWriter { piece in
                        pieces.withLock { $0.append(piece.readableBytes) }
                        gathered.withLock { $0.append(contentsOf: piece.readableBytesView) }
                    }
                )
            } catch {
                isCut = true
            }
            let bytes = gathered.withLock { $0 }
            if !isCut, let byteCount { #expect(Int64(bytes.count) == byteCount) }
            return Answer(
                status: status,
                headers: response.headers,
                bytes: bytes,
                isCut: isCut,
                pieces: pieces.withLock { $0 }
            )
        }
    }
}

/// Rows that NumPy wrote; see Fixtures/PROVENANCE.md.
enum Fixture {
    /// A whole small array as keys, and what NumPy answers about it.
    struct Array: Decodable {
        struct Answer: Decodable {
            let slice: String
            let shape: [Int]
            let expected: Data
            let statistics: [String: String]?
        }

        let name: String
        let keys: [String: Data]
        let answers: [Answer]

        /// Stores the array below a path.
        func put(_ path: String, in desk: ServiceDesk) async throws {
            for (key, bytes) in keys { try await desk.put("\(path)/\(key)", bytes) }
        }
    }

    static func arrays() throws -> [Array] {
        try JSONDecoder().decode([Array].self, from: Data(contentsOf: url("arrays.json")))
    }

    static func rows(_ name: String) throws -> [JSONValue] {
        let document = try JSONValue(parsing: [UInt8](Data(contentsOf: url("model/\(name)"))))
        return try #require(document.elements)
    }

    private static func url(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/arrays/\(name)").standardizedFileURL
    }
}
