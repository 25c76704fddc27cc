import ArrayModel
import NIOHTTP1

extension VersionRequest {
    /// Reads a request for `/v1/versions`.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about routes, methods, parameters and references.
    static func versions(
        _ method: HTTPMethod,
        _ reference: ArrayReference
    ) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        switch method {
        case .PUT: return .fork(try tagged(reference))
        case .PATCH: return reference.explicitTag == nil ? .renameAll(reference) : .change(reference)
        case .DELETE: return .delete(try tagged(reference))
        default: return reference.explicitTag == nil ? .list(reference) : .describe(reference)
        }
    }

    /// Reads a request for `/v1/commits`: a version is committed, a commit is described or forgotten.
    static func commits(
        _ method: HTTPMethod,
        _ reference: ArrayReference
    ) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        guard method != .POST else {
            guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
            return .commit(reference)
        }
        guard reference.digest != nil else { throw .version(.digestNeeded(reference)) }
        return method == .DELETE ? .forget(reference) : .manifest(reference)
    }

    /// Reads a request for `/v1/drafts`.
    static func drafts(
        _ method: HTTPMethod,
        _ reference: ArrayReference
    ) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
        switch method {
        case .POST: return .createDraft(reference)
        case .DELETE: return .discardDraft(try tagged(reference))
        default: return .listDrafts(reference)
        }
    }

    /// Reads a request for `/v1/rollbacks`.
    static func rollbacks(_ reference: ArrayReference) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
        return .rollBack(reference)
    }

    private static func tagged(_ reference: ArrayReference) throws(ArrayServiceError)
        -> ArrayReference
    {
        guard reference.explicitTag != nil else { throw .version(.tagNeeded(reference)) }
        return reference
    }

    private static func requireNoMember(
        _ reference: ArrayReference
    ) throws(ArrayServiceError) {
        guard reference.member.isEmpty else { throw .version(.memberGiven(reference)) }
    }
}
