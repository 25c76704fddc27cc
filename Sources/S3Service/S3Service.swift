import AccessControl
import HTTPServing
import Logging
import NIOHTTP1
import ObjectStorage
import S3Protocol
import StorageModel

/// Answers requests of the S3 API.
///
/// Reading an object is decided on the event loop: parsing, the signature, two look-ups and the
/// conditions take some microseconds together, less than a hop to another thread and back. All
/// that reads a body, writes or lists is answered later.
///
/// Source: Amazon S3 API Reference.
public struct S3Service: HTTPResponder {
    let store: ObjectStore
    let clock: @Sendable () -> WallTime
    let logger: Logger
    private let verifier = SignatureVerifier()
    private let names = RequestNames()

    /// Makes the service of a store.
    ///
    /// - Parameters:
    ///   - store: What is served.
    ///   - clock: Tells the time against which signatures are held.
    ///   - logger: Where the causes of internal errors are written.
    public init(store: ObjectStore, clock: @escaping @Sendable () -> WallTime, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// Answers one request.
    public func answer(_ request: HTTPRequest) -> HTTPAnswer {
        let requestID = names.next()
        let target = RequestTarget(request.target)
        var headers = HeaderList(Array(request.headers))
        do throws(S3Error) {
            // Authentication reads the head as it came, before headers are taken from the query.
            let head = RequestHead(
                method: request.method.rawValue,
                target: request.target,
                headers: headers.fields
            )
            let operation = try S3Operation(
                method: request.method.rawValue,
                target: target,
                headers: &headers
            )
            let verified = try authenticate(head)
            let exchange = Exchange(
                requestID: requestID,
                hostID: names.host,
                request: request,
                headers: headers,
                caller: verified.principal,
                signing: verified.payload,
                logger: logger
            )
            return try answer(operation, exchange)
        } catch {
            return .now(
                Exchange.refusal(
                    error,
                    resource: String(target.path),
                    requestID: requestID,
                    hostID: names.host
                )
            )
        }
    }

    /// The answer to a request that HTTP serving refuses itself, as an S3 client expects it.
    public func refusal(_ error: HTTPProtocolError) -> HTTPResponse {
        var response = HTTPServerConfiguration.plainResponse(error)
        response.headers.add(name: "Server", value: "Nave")
        response.headers.add(name: "x-amz-request-id", value: names.next())
        response.headers.add(name: "x-amz-id-2", value: names.host)
        return response
    }

    private func authenticate(_ head: RequestHead) throws(S3Error) -> VerifiedRequest {
        do {
            return try verifier.verify(head, now: clock()) { store.principal(accessKey: $0) }
        } catch {
            throw S3Error(error)
        }
    }

    private func answer(
        _ operation: S3Operation,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        switch operation {
        case .listBuckets(let request): return .now(try listBuckets(request, exchange))
        case .preflight: throw .crossOriginForbidden
        case .bucket(let name, let operation):
            return try answer(operation, bucket: name, exchange)
        case .object(let name, let key, let operation):
            return try answer(operation, bucket: name, key: key, exchange)
        }
    }

    /// Finds a namespace and checks that the caller may do something there.
    ///
    /// - Throws: ``S3Error/noSuchBucket(_:)``, ``S3Error/accessDenied`` or
    ///   ``S3Error/signatureRequired``.
    func namespace(
        _ name: NamespaceName,
        for action: AccessAction,
        _ exchange: Exchange
    ) throws(S3Error) -> Namespace {
        guard let namespace = store.namespace(name) else { throw .noSuchBucket(name) }
        guard
            AccessPolicy.decide(principal: exchange.caller, action: action, namespace: namespace)
        else { throw exchange.caller == nil ? .signatureRequired : .accessDenied }
        if let owner = exchange.headers["x-amz-expected-bucket-owner"],
            owner != namespace.owner.text
        {
            throw .accessDenied
        }
        return namespace
    }

    /// Finds a namespace and checks that the caller may read a key there: one in a draft is for those alone
    /// who may write.
    ///
    /// - Throws: As ``namespace(_:for:_:)``.
    func namespace(
        _ name: NamespaceName,
        toRead key: String,
        _ exchange: Exchange
    ) throws(S3Error) -> Namespace {
        try namespace(name, for: VersionName.isInDraft(key) ? .write : .read, exchange)
    }

    /// Answers on the connection's event loop; for what takes microseconds besides waiting.
    func soon(
        _ exchange: Exchange,
        _ work: @escaping @Sendable (HTTPRequestBody) async throws(S3Error) -> HTTPResponse
    ) -> HTTPAnswer {
        .soon(Self.refusing(exchange, work))
    }

    /// Answers off the event loop.
    func later(
        _ exchange: Exchange,
        _ work: @escaping @Sendable (HTTPRequestBody) async throws(S3Error) -> HTTPResponse
    ) -> HTTPAnswer {
        .later(Self.refusing(exchange, work))
    }

    /// Work whose failure is the answer.
    private static func refusing(
        _ exchange: Exchange,
        _ work: @escaping @Sendable (HTTPRequestBody) async throws(S3Error) -> HTTPResponse
    ) -> @Sendable (HTTPRequestBody) async -> HTTPResponse {
        { body in
            do throws(S3Error) {
                return try await work(body)
            } catch {
                return exchange.refusal(error)
            }
        }
    }
}
