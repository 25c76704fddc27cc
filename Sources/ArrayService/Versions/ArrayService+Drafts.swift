import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOHTTP1
import ObjectStorage
import StorageModel

/// Drafts: private forks that are committed into their version as a whole, or discarded.
extension ArrayService {
    /// The drafts of a name, or of one version of it.
    func listDrafts(
        _ reference: ArrayReference,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let limit = ArrayServiceLimits.listedVersionsMax
        let all = try asking { () throws(StoreError) in
            try store.drafts(of: reference.name, in: namespace, limit: limit + 1)
        }
        let base = try reference.explicitTag == nil ? nil : state(of: reference, in: namespace)
        let drafts = all.filter { base == nil || $0.draft?.base == base?.line }
        return .document(
            .members([
                "drafts": .array(
                    drafts.prefix(limit).map { VersionDocument.value($0, in: namespace) }
                ),
                "truncated": .bool(all.count > limit),
            ])
        )
    }

    /// Begins a draft of a version.
    func createDraft(
        _ reference: ArrayReference,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let version = try state(of: reference, in: namespace).version
        _ = try await JSONBody.read(body, caller.signing, allowed: [])
        let actor = caller.principal?.name
        let draft = try await storing { () async throws(StoreError) in
            try await store.createDraft(of: version, in: namespace, actor: actor)
        }
        return created(draft, in: namespace)
    }

    /// Throws a draft away.
    func discardDraft(
        _ reference: ArrayReference,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let draft = try versionName(reference)
        let actor = caller.principal?.name
        try await storing { () async throws(StoreError) in
            try await store.discardDraft(draft, in: namespace, actor: actor)
        }
        return HTTPResponse(status: .noContent)
    }
}
