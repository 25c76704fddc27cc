import AccessControl
import AdminService
import ArrayModel
import ArrayStorage
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel

/// Answers `/v1/arrays`, `/v1/data`, `/v1/gather`, `/v1/stats`, `/v1/preview` and
/// `/v1/occupancy`: lists, describes, slices, gathers, reduces and shows arrays.
///
/// The owner of a namespace and root read everything in it; others read what is public. What may
/// take longer than some microseconds runs off the event loop.
public struct ArrayService: HTTPResponder {
    let store: ObjectStore
    let catalog: ArrayCatalog
    let reader: ArrayReader
    /// The memory for bodies that are read as a whole.
    let bodies = BodyBudget(bytesMax: ArrayServiceLimits.bodiesBytesMax)
    /// The memory for pictures while they are made.
    let pictures = BodyBudget(bytesMax: ArrayServiceLimits.picturesBytesMax)
    private let authenticator: RequestAuthenticator
    private let logger: Logger

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - store: The storage engine.
    ///   - catalog: Finds and describes arrays.
    ///   - reader: Reads and reduces their elements.
    ///   - authenticator: Finds out who asks.
    ///   - logger: Where failures of the server are noted.
    public init(
        store: ObjectStore,
        catalog: ArrayCatalog,
        reader: ArrayReader,
        authenticator: RequestAuthenticator,
        logger: Logger
    ) {
        self.store = store
        self.catalog = catalog
        self.reader = reader
        self.authenticator = authenticator
        self.logger = logger
    }

    /// Whether a request target belongs to this service.
    public static func serves(target: String) -> Bool {
        ArrayRequest.Route.allCases.contains { route in
            let prefix = "/v1/\(route.rawValue)"
            guard target.utf8.starts(with: prefix.utf8) else { return false }
            let next = target.utf8.dropFirst(prefix.utf8.count).first
            return next == nil || next == UInt8(ascii: "/") || next == UInt8(ascii: "?")
        }
    }

    /// Answers a request for one of the service's paths; 404 for any other.
    public func answer(_ request: HTTPRequest) -> HTTPAnswer {
        do throws(ArrayServiceError) {
            let parsed = try ArrayRequest(
                method: request.method,
                target: request.target,
                accept: request.headers.first(name: "accept")
            )
            let caller = try caller(of: request)
            if case .data(let wanted) = parsed, let response = try dataNow(wanted, caller) {
                return .now(response)
            }
            return .later { body in await respond(to: parsed, caller, body) }
        } catch {
            return .now(response(to: error, request))
        }
    }

    /// Who asks, and what was asked.
    struct Caller: Sendable {
        let request: HTTPRequest
        /// Nil for a request without keys.
        let principal: Principal?
    }

    private func caller(of request: HTTPRequest) throws(ArrayServiceError) -> Caller {
        do {
            let verified = try authenticator.authenticate(request)
            return Caller(request: request, principal: verified.principal)
        } catch {
            throw .refused(error)
        }
    }

    private func respond(
        to parsed: ArrayRequest,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async -> HTTPResponse {
        do throws(ArrayServiceError) {
            switch parsed {
            case .list(let wanted): return try await list(wanted, caller)
            case .describe(let reference): return try await describe(reference, caller)
            case .data(let wanted): return try await data(wanted, caller)
            case .statistics(let wanted): return try await statistics(wanted, caller)
            case .gather(let wanted): return try await gather(wanted, caller, body)
            case .preview(let wanted): return try await preview(wanted, caller)
            case .occupancy(let wanted): return try await occupancy(wanted, caller)
            }
        } catch {
            return response(to: error, caller.request)
        }
    }

    private func response(to error: ArrayServiceError, _ request: HTTPRequest) -> HTTPResponse {
        if case .refused(let document) = error { return document.response(to: request) }
        let problem = error.problem
        note(error, request)
        return problem.response(to: request)
    }

    /// Notes a failure of the server, with its cause, which clients are not told.
    ///
    /// What is wrong with a request or with what clients stored is no failure, nor that a client left.
    func note(_ error: ArrayServiceError, _ request: HTTPRequest) {
        guard error.problem.status.code >= 500, error != .read(.cancelled) else { return }
        logger.error(
            "an array request failed",
            metadata: [
                "path": "\(request.target.prefix { $0 != "?" })", "error": "\(error)",
            ]
        )
    }

    /// The namespace of a reference, if the caller may read it.
    func namespace(
        _ name: String,
        for caller: Caller,
        _ action: AccessAction
    ) throws(ArrayServiceError) -> Namespace {
        let namespace: Namespace
        do {
            namespace = try catalog.namespace(named: name)
        } catch {
            throw .catalog(error)
        }
        guard
            AccessPolicy.decide(
                principal: caller.principal,
                action: action,
                namespace: namespace
            )
        else {
            throw .refused(
                caller.principal == nil ? .unauthenticated(caller.request) : .forbidden
            )
        }
        return namespace
    }

    /// The array of a reference, if the caller may read it.
    func resolve(
        _ reference: ArrayReference,
        for caller: Caller
    ) async throws(ArrayServiceError) -> ResolvedArray {
        let namespace = try namespace(reference.namespace, for: caller, .read)
        do {
            return try await catalog.resolve(reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
    }

    /// The selection that a slice makes of an array.
    func selection(
        _ slice: String,
        of array: ResolvedArray
    ) throws(ArrayServiceError) -> Selection {
        do {
            return try Selection(
                slice,
                shape: array.metadata.shape,
                indexing: .orthogonal
            )
        } catch {
            throw .selection(error)
        }
    }
}
