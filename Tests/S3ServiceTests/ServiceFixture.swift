import AccessControl
import DiskIO
import Foundation
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import S3Protocol
import S3Service
import StorageModel

/// A service on a store of its own in a temporary directory, and clients that sign.
struct ServiceFixture {
    let service: S3Service
    let store: ObjectStore
    private let directory: URL

    static let root = Principal(name: .root, accessKey: "ROOT", secretKey: "root-secret")
    static let other = Principal(
        name: PrincipalName(trusted: "other"),
        accessKey: "OTHER",
        secretKey: "other-secret"
    )

    /// The time by the clock of the tests.
    static func now() -> WallTime {
        WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    /// Runs a test against a fresh service with the bucket `bucket` of root.
    static func run(_ test: (ServiceFixture) async throws -> Void) async throws {
        let fixture = try await ServiceFixture()
        do {
            try await fixture.store.addPrincipal(other)
            _ = await fixture.send("PUT", "/bucket")
            try await test(fixture)
        } catch {
            await fixture.close()
            throw error
        }
        await fixture.close()
    }

    private init() async throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-s3-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let configuration = ObjectStoreConfiguration(
            volumeDirectories: [directory.appendingPathComponent("volume").path],
            indexDirectory: directory.appendingPathComponent("index").path,
            root: Self.root,
            clock: Self.now
        )
        store = try await ObjectStore.open(
            configuration,
            fileSystem: PosixFileSystem(),
            logger: logger
        )
        service = S3Service(store: store, clock: Self.now, logger: logger)
    }

    private func close() async {
        await store.close()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Sends a request that a principal signs, with the SHA-256 of its body; nil signs nothing.
    @discardableResult
    func send(
        _ method: String,
        _ target: String,
        _ fields: [(String, String)] = [],
        body: [UInt8] = [],
        as principal: Principal? = root,
        contentDigest: String = "UNSIGNED-PAYLOAD",
        declaredBytes: Int64? = nil
    ) async -> Reply {
        var all: [(name: String, value: String)] = [("host", "localhost:9000")]
        all += fields.map { (name: $0.0, value: $0.1) }
        if let principal {
            let signer = RequestSigner(
                accessKey: principal.accessKey,
                secretKey: principal.secretKey
            )
            all =
                signer.signed(
                    RequestHead(method: method, target: target, headers: all),
                    contentDigest: contentDigest,
                    now: Self.now()
                ).headers
        }
        return await sendAsIs(
            method,
            target,
            all,
            body: body,
            declaredBytes: declaredBytes ?? Int64(body.count)
        )
    }

    /// Sends a request exactly as given.
    func sendAsIs(
        _ method: String,
        _ target: String,
        _ fields: [(name: String, value: String)],
        body: [UInt8] = [],
        declaredBytes: Int64? = nil
    ) async -> Reply {
        let request = HTTPRequest(
            method: HTTPMethod(rawValue: method),
            target: target,
            headers: HTTPHeaders(fields.map { ($0.name, $0.value) }),
            declaredBodyBytes: declaredBytes
        )
        let response: HTTPResponse
        switch service.answer(request) {
        case .now(let answer): response = answer
        case .soon(let work), .later(let work):
            // Pieces of odd size, so that nothing relies on where they end.
            let pieces = stride(from: 0, to: body.count, by: 70_001).map {
                ByteBuffer(bytes: body[$0..<min($0 + 70_001, body.count)])
            }
            response = await work(HTTPRequestBody(pieces: pieces))
        }
        return await Reply(response)
    }
}

/// An answer with its body read to the end.
struct Reply {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]
    /// Whether the body was pulled piece by piece.
    let wasPulled: Bool

    init(_ response: HTTPResponse) async {
        status = Int(response.status.code)
        headers = response.headers
        switch response.body {
        case .none:
            body = []
            wasPulled = false
        case .bytes(let buffer):
            body = Array(buffer.readableBytesView)
            wasPulled = false
        case .pulled(let source):
            var bytes: [UInt8] = []
            reading: while true {
                let allocator = ByteBufferAllocator()
                guard let piece = try? await source.read(max: 100_003, allocator: allocator)
                else { break }
                switch piece {
                case .ready(let buffer): bytes += buffer.readableBytesView
                case .wouldBlock: continue
                case .end: break reading
                }
            }
            body = bytes
            wasPulled = true
        case .streamed:
            body = []
            wasPulled = false
        }
    }

    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The code of the error document, or nothing.
    var code: String { value("Code") ?? "" }

    /// The entity tag, without quotes.
    var entityTag: String { (headers.first(name: "ETag") ?? "").filter { $0 != "\"" } }

    /// The text of the first element with a name.
    func value(_ name: String) -> String? { values(name).first }

    /// The texts of all elements with a name.
    func values(_ name: String) -> [String] {
        guard let root = try? XMLReader.parse(body) else { return [] }
        var found: [String] = []
        var waiting = [root]
        while let element = waiting.popLast() {
            if element.name == name { found.append(element.text) }
            waiting.append(contentsOf: element.children.reversed())
        }
        return found
    }
}
