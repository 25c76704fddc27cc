import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOHTTP1
import ObjectStorage
import StorageModel

/// Versions: listed and described to who may read the namespace, changed by who may write to it; unsealed by
/// who may administer it.
extension ArrayService {
    /// Answers `/v1/versions`, `/v1/commits`, `/v1/history`, `/v1/diff`, `/v1/drafts`, `/v1/rollbacks` and
    /// `/v1/changes`.
    func versions(
        _ wanted: VersionRequest,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        switch wanted {
        case .list(let reference): try list(reference, caller)
        case .describe(let reference): try describeVersion(reference, caller)
        case .fork(let reference): try await fork(reference, caller, body)
        case .change(let reference): try await change(reference, caller, body)
        case .renameAll(let reference): try await renameAll(reference, caller, body)
        case .delete(let reference): try await delete(reference, caller)
        case .commit(let reference): try await commit(reference, caller, body)
        case .manifest(let reference): try manifest(reference, caller)
        case .forget(let reference): try await forget(reference, caller)
        case .history(let wanted): try history(wanted, caller)
        case .difference(let wanted): try await difference(wanted, caller)
        case .listDrafts(let reference): try listDrafts(reference, caller)
        case .createDraft(let reference): try await createDraft(reference, caller, body)
        case .discardDraft(let reference): try await discardDraft(reference, caller)
        case .rollBack(let reference): try await rollBack(reference, caller, body)
        case .changes(let wanted): try changes(wanted, caller)
        }
    }

    // MARK: - What there is

    private func list(
        _ reference: ArrayReference,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .list)
        let limit = ArrayServiceLimits.listedVersionsMax
        let states = try asking { () throws(StoreError) in
            try store.versionStates(of: reference.name, in: namespace, limit: limit + 1)
        }
        guard !states.isEmpty else {
            throw .catalog(.store(.version(.nameMissing(reference.name))))
        }
        return .document(
            .members([
                "namespace": .string(namespace.name.text),
                "name": .string(reference.name),
                "versions": .array(
                    states.prefix(limit).map { VersionDocument.value($0, in: namespace) }
                ),
                "truncated": .bool(states.count > limit),
            ])
        )
    }

    private func describeVersion(
        _ reference: ArrayReference,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(of: reference, for: caller)
        return document(try state(of: reference, in: namespace), in: namespace)
    }

    // MARK: - Changes

    private func fork(
        _ reference: ArrayReference,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let version = try versionName(reference)
        let object = try await JSONBody.read(body, caller.signing, allowed: ["from"])
        guard let value = object?["from"] else { throw .body(.memberMissing("from")) }
        guard let text = value.string else {
            throw .body(.memberInvalid("from", expected: "a text"))
        }
        let source: ForkSource
        do {
            source = try VersionSource(text, of: version.name).source
        } catch {
            throw .version(error)
        }
        let actor = caller.principal?.name
        let state = try await storing { () async throws(StoreError) in
            do throws(StoreError) {
                return try await store.fork(source, to: version, in: namespace, actor: actor)
            } catch {
                guard let folder = Self.plainFolder(of: source, error) else { throw error }
                return try await store.fork(
                    .folder(folder),
                    to: version,
                    in: namespace,
                    actor: actor
                )
            }
        }
        return created(state, in: namespace)
    }

    /// The folder of a plain array, which has the tag `latest` as long as no version is called that.
    private static func plainFolder(of source: ForkSource, _ error: StoreError) -> String? {
        guard case .version(let version) = source, version.tag == ArrayReference.defaultTag,
            error == .version(.missing(version))
        else { return nil }
        return version.name
    }

    private func change(
        _ reference: ArrayReference,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let change = try VersionChange(
            try await JSONBody.read(body, caller.signing, allowed: VersionChange.members)
        )
        let namespace = try namespace(
            reference.namespace,
            for: caller,
            change == .unseal ? .administer : .write
        )
        let version = try state(of: reference, in: namespace).version
        let actor = caller.principal?.name
        let state = try await storing { () async throws(StoreError) -> VersionState? in
            switch change {
            case .seal(let message):
                try await store.seal(version, in: namespace, message: message, actor: actor)
            case .unseal: try await store.unseal(version, in: namespace, actor: actor)
            case .retag(let tag):
                return try await store.retag(version, to: tag, in: namespace, actor: actor)
            case .retain(let commits):
                try await store.setRetention(
                    of: version,
                    commits: commits,
                    in: namespace,
                    actor: actor
                )
            }
            return try store.versionState(version, in: namespace)
        }
        guard let state else { throw .catalog(.store(.version(.missing(version)))) }
        return document(state, in: namespace)
    }

    private func renameAll(
        _ reference: ArrayReference,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let object = try await JSONBody.read(body, caller.signing, allowed: ["name"])
        guard let value = object?["name"] else { throw .body(.memberMissing("name")) }
        guard let name = value.string else {
            throw .body(.memberInvalid("name", expected: "a text"))
        }
        guard (try? VersionName(name: name, tag: "v")) != nil else {
            throw .version(.nameNeeded(name))
        }
        let actor = caller.principal?.name
        try await storing { () async throws(StoreError) in
            try await store.renameVersions(
                of: reference.name,
                to: name,
                in: namespace,
                actor: actor
            )
        }
        let renamed = ArrayReference(
            namespace: reference.namespace,
            name: name,
            explicitTag: nil,
            member: ""
        )
        return try list(renamed, caller)
    }

    private func delete(
        _ reference: ArrayReference,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let version = try state(of: reference, in: namespace).version
        let actor = caller.principal?.name
        try await storing { () async throws(StoreError) in
            try await store.deleteVersion(version, in: namespace, actor: actor)
        }
        return HTTPResponse(status: .noContent)
    }

    private func rollBack(
        _ reference: ArrayReference,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(reference.namespace, for: caller, .write)
        let hashes = try WriteCondition.contentHashes(caller.request.headers)
        let version = try state(of: reference, in: namespace).version
        let object = try await JSONBody.read(body, caller.signing, allowed: ["to"])
        guard let value = object?["to"] else { throw .body(.memberMissing("to")) }
        guard let digest = value.string.flatMap({ try? ManifestDigest($0) }) else {
            throw .body(.memberInvalid("to", expected: "the digest of a commit, sha256:…"))
        }
        let actor = caller.principal?.name
        let state = try await storing { () async throws(StoreError) in
            try await store.rollBack(
                version,
                to: digest,
                in: namespace,
                from: hashes,
                actor: actor
            )
        }
        return document(state, in: namespace)
    }

    // MARK: - Pieces

    /// The version that a reference names by its tag.
    func versionName(_ reference: ArrayReference) throws(ArrayServiceError) -> VersionName {
        guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
        do {
            return try VersionName(name: reference.name, tag: reference.tag)
        } catch {
            let text = "\(reference.name):\(reference.tag)"
            throw .catalog(.store(.version(.nameInvalid(text))))
        }
    }

    /// How the version of a reference stands.
    func state(
        of reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayServiceError) -> VersionState {
        let version = try versionName(reference)
        let state = try asking { () throws(StoreError) in
            try store.versionState(version, in: namespace)
        }
        guard let state else { throw try missing(version, in: namespace) }
        return state
    }

    /// What is said of a version that is not there: which ones there are.
    private func missing(
        _ version: VersionName,
        in namespace: Namespace
    ) throws(ArrayServiceError) -> ArrayServiceError {
        let (tags, isPlain) = try asking { () throws(StoreError) in
            let place = ArrayPlace(name: version.name, tag: version.tag)
            return (
                try store.versions(of: version.name, in: namespace).map(\.tag),
                try store.node(place, in: namespace) != nil
            )
        }
        if isPlain { return .version(.plainKeys(version)) }
        let named = tags.prefix(ArrayCatalogLimits.tagsInErrorMax)
        return .version(.versionMissing(version, tags: Array(named)))
    }

    func document(_ state: VersionState, in namespace: Namespace) -> HTTPResponse {
        .document(VersionDocument.value(state, in: namespace))
    }

    /// The answer to a request that made a version or draft.
    func created(_ state: VersionState, in namespace: Namespace) -> HTTPResponse {
        .document(VersionDocument.value(state, in: namespace), status: .created)
    }

    /// Asks the store, with its failures told as the client's.
    func asking<Value>(
        _ question: () throws(StoreError) -> Value
    ) throws(ArrayServiceError) -> Value {
        do {
            return try question()
        } catch {
            throw .catalog(.store(error))
        }
    }
}
