import AccessControl
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel

/// Answers `/-/healthy`, `/-/ready` and `/v1/principals`.
///
/// Principals are for root alone. Keys are shown once, in the answer that makes them.
public struct AdminService: HTTPResponder {
    private let principals: any PrincipalDirectory
    private let authenticator: RequestAuthenticator
    private let readiness: @Sendable () -> ReadinessReport
    private let logger: Logger

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - principals: Where principals are kept.
    ///   - authenticator: Finds out who asks.
    ///   - readiness: What `/-/ready` answers; called on event loops.
    ///   - logger: Where changes of principals are noted.
    public init(
        principals: any PrincipalDirectory,
        authenticator: RequestAuthenticator,
        readiness: @escaping @Sendable () -> ReadinessReport,
        logger: Logger
    ) {
        self.principals = principals
        self.authenticator = authenticator
        self.readiness = readiness
        self.logger = logger
    }

    /// Answers a request for one of the service's paths; 404 for any other.
    public func answer(_ request: HTTPRequest) -> HTTPAnswer {
        do throws(ProblemDocument) {
            switch try AdminOperation(request) {
            case .health: return .now(Self.text("ok\n"))
            case .readiness: return .now(readiness().response(to: request))
            case .listPrincipals:
                try checkRoot(request)
                return .now(listing())
            case .addPrincipal(let name):
                try checkRoot(request)
                return .later { _ in await add(name, request) }
            case .removePrincipal(let name):
                try checkRoot(request)
                return .later { _ in await remove(name, request) }
            }
        } catch {
            return .now(error.response(to: request))
        }
    }

    private func checkRoot(_ request: HTTPRequest) throws(ProblemDocument) {
        guard let principal = try authenticator.authenticate(request).principal else {
            throw .unauthenticated(request)
        }
        guard principal.isRoot else { throw .forbidden }
    }

    // MARK: - Health

    private static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(
            status: .ok,
            headers: ["Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(string: text))
        )
    }

    // MARK: - Principals

    private struct Listing: Encodable {
        struct Item: Encodable {
            let name: String
            let accessKey: String
        }
        let principals: [Item]
    }

    private struct NewKeys: Encodable {
        let name: String
        let accessKey: String
        let secretKey: String
    }

    private func listing() -> HTTPResponse {
        let sorted = principals.principals().sorted { $0.name < $1.name }
        return .json(
            Listing(
                principals: sorted.map { .init(name: $0.name.text, accessKey: $0.accessKey) }
            )
        )
    }

    private func add(_ name: PrincipalName, _ request: HTTPRequest) async -> HTTPResponse {
        guard name != .root else {
            return ProblemDocument(StoreError.principalTaken(name)).response(to: request)
        }
        let principal = Principal.withNewKeys(named: name)
        do throws(StoreError) {
            try await principals.addPrincipal(principal)
        } catch {
            return failure(error, "adding a principal failed", request)
        }
        logger.info(
            "principal added",
            metadata: ["principal": "\(name)", "accessKey": "\(principal.accessKey)"]
        )
        let keys = NewKeys(
            name: name.text,
            accessKey: principal.accessKey,
            secretKey: principal.secretKey
        )
        return .json(keys, status: .created)
    }

    private func remove(_ name: PrincipalName, _ request: HTTPRequest) async -> HTTPResponse {
        guard name != .root else {
            return ProblemDocument(
                status: 409,
                code: "principal_is_root",
                detail:
                    "Root cannot be removed. Its keys are in keys.env of each data folder, or in "
                    + "NAVE_ROOT_ACCESS_KEY and NAVE_ROOT_SECRET_KEY: change them there, and start the "
                    + "server again."
            ).response(to: request)
        }
        do throws(StoreError) {
            try await principals.removePrincipal(name)
        } catch {
            return failure(error, "removing a principal failed", request)
        }
        logger.info("principal removed", metadata: ["principal": "\(name)"])
        return HTTPResponse(status: .noContent)
    }

    private func failure(
        _ error: StoreError,
        _ message: Logger.Message,
        _ request: HTTPRequest
    ) -> HTTPResponse {
        let problem = ProblemDocument(error)
        if problem.status >= 500 {
            logger.error(message, metadata: ["error": "\(error)"])
        }
        return problem.response(to: request)
    }
}
