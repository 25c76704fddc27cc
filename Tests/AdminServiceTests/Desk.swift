import AccessControl
import AdminService
import Foundation
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel
import Synchronization
import Testing

/// The service with principals in memory, and a client of it.
struct Desk {
    /// Where a request comes from.
    enum Place {
        case loopback
        case secure
        case network
    }

    /// What came back.
    struct Answer {
        let status: HTTPResponseStatus
        let headers: HTTPHeaders
        let text: String

        func json() throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
            return try #require(value as? [String: Any])
        }

        func problem() throws -> String? {
            try json()["code"] as? String
        }
    }

    static let root = Principal(name: .root, accessKey: "rootkey", secretKey: "rootsecret")
    static let now = WallTime(milliseconds: 1_750_000_000_000)

    private let service: AdminService

    init(readiness: Readiness = .ready, failure: StoreError? = nil) {
        let directory = MemoryDirectory(failure: failure)
        service = AdminService(
            principals: directory,
            authenticator: RequestAuthenticator(
                principalFor: { key in directory.principals().first { $0.accessKey == key } },
                now: { Self.now }
            ),
            readiness: { ReadinessReport(readiness) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func send(
        _ method: HTTPMethod,
        _ target: String,
        as principal: Principal
    ) async -> Answer {
        let text = "\(principal.accessKey):\(principal.secretKey)"
        let header = "Basic " + Data(text.utf8).base64EncodedString()
        return await send(method, target, headers: ["Authorization": header])
    }

    func send(
        _ method: HTTPMethod,
        _ target: String,
        headers: HTTPHeaders = [:],
        from place: Place = .loopback
    ) async -> Answer {
        let request = HTTPRequest(
            method: method,
            target: target,
            headers: headers,
            isSecure: place == .secure,
            isLoopback: place == .loopback
        )
        let response: HTTPResponse
        switch service.answer(request) {
        case .now(let ready): response = ready
        case .soon(let work), .later(let work): response = await work(HTTPRequestBody(pieces: []))
        }
        var text = ""
        if case .bytes(let buffer) = response.body { text = String(buffer: buffer) }
        return Answer(status: response.status, headers: response.headers, text: text)
    }
}

/// Principals in memory.
///
/// State: guarded by `added`.
private final class MemoryDirectory: PrincipalDirectory {
    private let failure: StoreError?
    private let added = Mutex<[Principal]>([])

    init(failure: StoreError?) {
        self.failure = failure
    }

    func principals() -> [Principal] { [Desk.root] + added.withLock { $0 } }

    func addPrincipal(_ principal: Principal) async throws(StoreError) {
        if let failure { throw failure }
        let isTaken = added.withLock { added in
            let isTaken = added.contains { $0.name == principal.name }
            if !isTaken { added.append(principal) }
            return isTaken
        }
        if isTaken { throw .principalTaken(principal.name) }
    }

    func removePrincipal(_ name: PrincipalName) async throws(StoreError) {
        let isMissing = added.withLock { added in
            let before = added.count
            added.removeAll { $0.name == name }
            return added.count == before
        }
        if isMissing { throw .principalMissing(name) }
    }
}
