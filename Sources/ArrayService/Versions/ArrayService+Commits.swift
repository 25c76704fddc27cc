import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOHTTP1
import ObjectStorage
import StorageModel

/// Commits: what a version was, addressed by the digest of its manifest.
extension ArrayService {
    /// Commits a version, or a draft into its version.
    func commit(
        _ reference: ArrayReference,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let object = try await JSONBody.read(body, caller.signing, allowed: ["message"])
        let message = try object?.message() ?? ""
        let state = try state(of: reference, in: namespace)
        let actor = caller.principal?.name
        let manifest = try await storing { () async throws(StoreError) in
            if state.draft != nil {
                return try await store.commitDraft(
                    state.version,
                    in: namespace,
                    message: message,
                    actor: actor
                )
            }
            return try await store.commitVersion(
                state.version,
                in: namespace,
                message: message,
                actor: actor
            )
        }
        let isNew = state.draft != nil || manifest.digest != state.head
        return .document(
            VersionDocument.value(manifest, in: namespace, isNew: isNew),
            status: isNew ? .created : .ok
        )
    }

    /// Describes a commit.
    func manifest(
        _ reference: ArrayReference,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(of: reference, for: caller)
        let manifest = try committed(reference, in: namespace)
        return .document(VersionDocument.value(manifest, in: namespace))
    }

    /// Keeps a commit no longer.
    func forget(
        _ reference: ArrayReference,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let digest = try committed(reference, in: namespace).digest
        let actor = caller.principal?.name
        try await storing { () async throws(StoreError) in
            try await store.forget(digest, in: namespace, actor: actor)
        }
        return HTTPResponse(status: .noContent)
    }

    /// The commits of a version, or those that a commit goes back to, the newest first.
    func history(
        _ wanted: HistoryRequest,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(of: wanted.reference, for: caller)
        let first: ManifestDigest?
        if let cursor = wanted.after {
            first = try? ManifestDigest(cursor)
            guard first != nil else {
                throw .parameterInvalid("cursor", expected: "the \"next\" of the page before")
            }
        } else if wanted.reference.digest != nil {
            first = try committed(wanted.reference, in: namespace).digest
        } else {
            first = try state(of: wanted.reference, in: namespace).head
        }
        var commits: [Manifest] = []
        if let first {
            commits = try asking { () throws(StoreError) in
                try store.history(from: first, in: namespace, limit: wanted.limit)
            }
        }
        let next = commits.count == wanted.limit ? commits.last?.parent : nil
        return .document(
            .members([
                "commits": .array(commits.map { VersionDocument.value($0, in: namespace) }),
                "next": next.map { .string($0.text) } ?? .null,
            ])
        )
    }

    /// The commit that a reference names by its digest.
    func committed(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayServiceError) -> Manifest {
        guard let digest = reference.digest.map(ManifestDigest.init(trusted:)) else {
            throw .version(.digestNeeded(reference))
        }
        let manifest = try asking { () throws(StoreError) in
            try store.manifest(digest, in: namespace)
        }
        guard let manifest else { throw .catalog(.store(.version(.commitMissing(digest)))) }
        return manifest
    }
}
