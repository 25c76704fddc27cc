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

/// Answers the array API below `/v1`, whose resources are those of ``ArrayRequest/Route``.
///
/// The owner of a namespace and root read and write everything in it; others read what is public. What may
/// take longer than some microseconds runs off the event loop.
public struct ArrayService: HTTPResponder {
    let store: ObjectStore
    let catalog: ArrayCatalog
    let reader: ArrayReader
    let view: ZarrView
    let writer: ArrayWriter
    /// The memory for bodies that are read as a whole.
    let bodies = BodyBudget(bytesMax: ArrayServiceLimits.bodiesBytesMax)
    /// The memory for chunks that are read ahead of what was sent.
    let chunksAhead = BodyBudget(bytesMax: ArrayServiceLimits.chunksAheadBytesMax)
    /// The memory for pictures while they are made.
    let pictures = BodyBudget(bytesMax: ArrayServiceLimits.picturesBytesMax)
    private let requestNames = RequestNames()
    /// What happened in namespaces, as it is told to those who follow.
    let eventPages = EventPages()
    private let authenticator: RequestAuthenticator
    private let logger: Logger

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - store: The storage engine.
    ///   - catalog: Finds and describes arrays.
    ///   - reader: Reads and reduces their elements.
    ///   - writer: Creates them and writes their elements.
    ///   - authenticator: Finds out who asks.
    ///   - logger: Where failures of the server are noted.
    public init(
        store: ObjectStore,
        catalog: ArrayCatalog,
        reader: ArrayReader,
        writer: ArrayWriter,
        authenticator: RequestAuthenticator,
        logger: Logger
    ) {
        self.store = store
        self.catalog = catalog
        self.reader = reader
        self.writer = writer
        view = ZarrView(catalog: catalog, reader: reader)
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
        let name = requestNames.next()
        let answer = RequestName.$current.withValue(name) { ownAnswer(request) }
        return CrossOrigin.shared(answer.named(name))
    }

    private func ownAnswer(_ request: HTTPRequest) -> HTTPAnswer {
        do throws(ArrayServiceError) {
            if request.method == .OPTIONS {
                let route = try ArrayRequest.Route(target: request.target)
                return .now(CrossOrigin.preflight(methods: route.methods))
            }
            let parsed = try ArrayRequest(ArrayRequest.Head(request))
            if parsed == .openAPI { return .now(OpenAPIDocument.response) }
            let caller = try caller(of: request)
            try refuseCoding(of: caller)
            if case .data(let wanted) = parsed, let response = try dataNow(wanted, caller) {
                return .now(response)
            }
            if case .zarr(let path) = parsed { return try zarr(path, caller) }
            return .later { body in
                await onAccount(of: caller, parsed.beginning) {
                    await respond(to: parsed, caller, body)
                }
            }
        } catch {
            return .now(response(to: error, request))
        }
    }

    /// Who asks, and what was asked.
    struct Caller: Sendable {
        let request: HTTPRequest
        /// Nil for a request without keys.
        let principal: Principal?
        /// How the body is signed.
        let signing: PayloadSigning

        /// Who shares threads and memory with others as one: a principal, or an address without keys.
        var client: String {
            if let principal { return "principal \(principal.name.text)" }
            return "address \(request.remoteAddress?.ipAddress ?? "")"
        }
    }

    private func caller(of request: HTTPRequest) throws(ArrayServiceError) -> Caller {
        do {
            let verified = try authenticator.authenticate(request)
            return Caller(
                request: request,
                principal: verified.principal,
                signing: verified.payload
            )
        } catch {
            throw .refused(error)
        }
    }

    /// Refuses a body that comes in a coding: it would be taken for what it stands for.
    private func refuseCoding(of caller: Caller) throws(ArrayServiceError) {
        switch caller.signing {
        // That of `aws-chunked` is refused with the body.
        case .chunksSigned, .chunksSignedWithTrailer, .chunksUnsignedWithTrailer: return
        case .unsigned, .sha256: break
        }
        let request = caller.request
        guard request.method != .GET, request.method != .HEAD else { return }
        for coding in request.headers[canonicalForm: "content-encoding"]
        where coding.lowercased() != "identity" {
            throw .codingUnsupported(String(coding.prefix(64)))
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
            case .write(let wanted): return try await write(wanted, caller, body)
            case .statistics(let wanted): return try await statistics(wanted, caller)
            case .gather(let wanted): return try await gather(wanted, caller, body)
            case .preview(let wanted): return try await preview(wanted, caller)
            case .occupancy(let wanted): return try await occupancy(wanted, caller)
            case .namespaces(let wanted): return try await namespaces(wanted, caller, body)
            case .versions(let wanted): return try await versions(wanted, caller, body)
            case .zarr(let path): return await made(try zarr(path, caller))
            case .chunks(let wanted): return try await chunks(wanted, caller, body)
            case .openAPI: return OpenAPIDocument.response
            }
        } catch {
            return response(to: error, caller.request)
        }
    }

    /// An answer that is made off the event loop, its failure told to the client.
    func later(
        _ caller: Caller,
        _ work: @escaping @Sendable () async throws(ArrayServiceError) -> HTTPResponse
    ) -> HTTPAnswer {
        .later { _ in
            await onAccount(of: caller, .short) {
                do throws(ArrayServiceError) {
                    return try await work()
                } catch {
                    return response(to: error, caller.request)
                }
            }
        }
    }

    /// The response of an answer to a request whose body nobody reads.
    func made(_ answer: HTTPAnswer) async -> HTTPResponse {
        switch answer {
        case .now(let response): response
        case .soon(let work), .later(let work): await work(HTTPRequestBody(pieces: []))
        }
    }

    func response(to error: ArrayServiceError, _ request: HTTPRequest) -> HTTPResponse {
        if case .refused(let document) = error { return document.response(to: request) }
        let problem = error.problem
        note(error, request)
        return problem.response(to: request)
    }

    /// Notes a failure of the server, with its cause, which clients are not told.
    ///
    /// What is wrong with a request or with what clients stored is no failure, nor that a client left or is to
    /// try again.
    func note(_ error: ArrayServiceError, _ request: HTTPRequest) {
        let status = error.problem.status
        guard status.code >= 500, status != .serviceUnavailable, !Task.isCancelled else { return }
        logger.error(
            "an array request failed",
            metadata: [
                "path": "\(request.target.prefix { $0 != "?" })", "error": "\(error)",
                "request-id": "\(RequestName.current ?? "")",
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

    /// The namespace of a reference, if the caller may read what it names: a draft is for those alone who
    /// may write.
    func namespace(
        of reference: ArrayReference,
        for caller: Caller
    ) throws(ArrayServiceError) -> Namespace {
        let isDraft = VersionName.isDraftTag(reference.tag.utf8)
        return try namespace(reference.namespace, for: caller, isDraft ? .write : .read)
    }

    /// The array of a reference, if the caller may read it.
    func resolve(
        _ reference: ArrayReference,
        for caller: Caller
    ) async throws(ArrayServiceError) -> ResolvedArray {
        let namespace = try namespace(of: reference, for: caller)
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
