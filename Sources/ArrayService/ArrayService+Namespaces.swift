import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOHTTP1
import ObjectStorage
import StorageModel

/// Namespaces by the rules of S3's calls for buckets: anybody with keys creates them; their owner and
/// root change and delete them; others see those that are public.
extension ArrayService {
    /// Answers `/v1/namespaces`.
    func namespaces(
        _ wanted: NamespaceRequest,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        switch wanted {
        case .list(let wanted): return try listNamespaces(wanted, caller)
        case .describe(let name):
            return try await document(try namespace(name, for: caller, .list), status: .ok)
        case .create(let name): return try await create(name, caller, body)
        case .change(let name): return try await change(name, caller, body)
        case .delete(let name):
            let namespace = try namespace(name, for: caller, .administer)
            try await storing { () async throws(StoreError) in
                try await store.deleteNamespace(namespace.name)
            }
            return HTTPResponse(status: .noContent)
        }
    }

    private func listNamespaces(
        _ wanted: NamespaceListRequest,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        // As S3 answers ListBuckets: a list of everything is for somebody.
        guard caller.principal != nil else { throw .refused(.unauthenticated(caller.request)) }
        let visible = store.namespaces().filter { namespace in
            let name = namespace.name.text.utf8
            let isAfter =
                wanted.cursor.map { $0.namespace.utf8.lexicographicallyPrecedes(name) } ?? true
            return isAfter && name.starts(with: wanted.prefix.utf8)
                && AccessPolicy.decide(
                    principal: caller.principal,
                    action: .list,
                    namespace: namespace
                )
        }
        let page = visible.prefix(wanted.limit)
        var next: JSONValue = .null
        if page.count < visible.count, let last = page.last {
            let place = ArrayPlace(name: "", tag: "", member: "")
            next = .string(
                ArrayListCursor(namespace: last.name.text, place: place).opaqueText
            )
        }
        return .document(
            .members([
                "namespaces": .array(page.map { .object(Self.members($0)) }), "next": next,
            ])
        )
    }

    private func create(
        _ text: String,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        guard let principal = caller.principal else {
            throw .refused(.unauthenticated(caller.request))
        }
        let name: NamespaceName
        do {
            name = try NamespaceName(text)
        } catch {
            throw .namespace(.nameInvalid(text))
        }
        let access = try await access(caller, body)
        let creation = try await storing { () async throws(StoreError) in
            try await store.createNamespace(
                name,
                owner: principal.name,
                access: access ?? .private
            )
        }
        switch creation {
        case .created(let namespace):
            var response = try await document(namespace, status: .created)
            response.headers.add(name: "Location", value: "/v1/namespaces/\(name.text)")
            return response
        case .alreadyYours(let namespace):
            guard access == nil || access == namespace.access else {
                throw .namespace(.exists(name, access: namespace.access))
            }
            return try await document(namespace, status: .ok)
        }
    }

    private func change(
        _ text: String,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(text, for: caller, .administer)
        guard let access = try await access(caller, body) else {
            throw .body(.memberMissing("access"))
        }
        guard access != namespace.access else {
            return try await document(namespace, status: .ok)
        }
        let changed = try await storing { () async throws(StoreError) in
            try await store.setAccess(access, of: namespace.name)
        }
        return try await document(changed, status: .ok)
    }

    /// The access that a body asks for, if it does.
    private func access(
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> NamespaceAccess? {
        let object = try await JSONBody.read(body, caller.signing, allowed: ["access"])
        guard let value = object?["access"] else { return nil }
        guard let access = value.string.flatMap(NamespaceAccess.init(word:)) else {
            throw .body(.memberInvalid("access", expected: "\"private\" or \"public-read\""))
        }
        return access
    }

    // MARK: - Documents

    private func document(
        _ namespace: Namespace,
        status: HTTPResponseStatus
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let counts: NodeCounts
        do {
            counts = try await catalog.counts(in: namespace)
        } catch {
            throw .catalog(error)
        }
        let usage = try await storing { () async throws(StoreError) in
            try await store.usage(of: namespace)
        }
        return .document(
            .object(
                Self.members(namespace) + [
                    JSONMember(name: "arrays", value: .integer(counts.arrays)),
                    JSONMember(name: "groups", value: .integer(counts.groups)),
                    JSONMember(name: "truncated", value: .bool(counts.isTruncated)),
                    JSONMember(name: "objects", value: .integer(Int(usage.objects))),
                    JSONMember(name: "bytes", value: .integer(Int(usage.objectBytes))),
                    JSONMember(name: "kept_objects", value: .integer(Int(usage.keptObjects))),
                    JSONMember(name: "kept_bytes", value: .integer(Int(usage.keptBytes))),
                ]
            ),
            status: status
        )
    }

    private static func members(_ namespace: Namespace) -> [JSONMember] {
        [
            JSONMember(name: "name", value: .string(namespace.name.text)),
            JSONMember(name: "owner", value: .string(namespace.owner.text)),
            JSONMember(name: "access", value: .string(namespace.access.word)),
            JSONMember(name: "created", value: .string(namespace.created.timestamp)),
        ]
    }

    /// Does a piece of the store's work, with its refusals told as the client's.
    func storing<Value>(
        _ work: () async throws(StoreError) -> Value
    ) async throws(ArrayServiceError) -> Value {
        do {
            return try await work()
        } catch {
            if case .namespaceTaken(let name) = error { throw .namespace(.taken(name)) }
            if case .namespaceNotEmpty(let name) = error { throw .namespace(.notEmpty(name)) }
            if case .preconditionFailed = error {
                throw .view(.preconditionFailed(header: "If-Match"))
            }
            throw .catalog(.store(error))
        }
    }
}
