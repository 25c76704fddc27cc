import ArrayModel
import NIOHTTP1

extension VersionRequest {
    /// Reads a request for one of the resources about versions, `/v1/changes` aside.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about routes, methods, parameters and references.
    init(
        _ route: ArrayRequest.Route,
        _ method: HTTPMethod,
        _ reference: ArrayReference,
        _ parameters: RequestParameters
    ) throws(ArrayServiceError) {
        switch route {
        case .versions: self = try .versions(method, reference)
        case .commits: self = try .commits(method, reference)
        case .drafts: self = try .drafts(method, reference)
        case .rollbacks: self = try .rollbacks(reference)
        case .history: self = try .history(reference, parameters)
        case .diff: self = try .difference(reference, parameters)
        default: throw .routeMissing("/v1/\(route.rawValue)")
        }
    }

    /// Reads a request for `/v1/versions`.
    ///
    /// - Throws: ``ArrayServiceError``, the cases about routes, methods, parameters and references.
    private static func versions(
        _ method: HTTPMethod,
        _ reference: ArrayReference
    ) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        switch method {
        case .PUT: return .fork(try tagged(reference))
        case .PATCH:
            guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
            return reference.explicitTag == nil ? .renameAll(reference) : .change(reference)
        case .DELETE: return .delete(try tagged(reference))
        default:
            guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
            return reference.explicitTag == nil ? .list(reference) : .describe(reference)
        }
    }

    /// Reads a request for `/v1/commits`: a version is committed, a commit is described or forgotten.
    private static func commits(
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
    private static func drafts(
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
    private static func rollbacks(_ reference: ArrayReference) throws(ArrayServiceError)
        -> VersionRequest
    {
        try requireNoMember(reference)
        guard reference.digest == nil else { throw .version(.tagNeeded(reference)) }
        return .rollBack(reference)
    }

    /// Reads a request for `/v1/history`.
    private static func history(
        _ reference: ArrayReference,
        _ parameters: RequestParameters
    ) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        return .history(
            HistoryRequest(
                reference: reference,
                after: parameters.text("cursor"),
                limit: try parameters.limit()
            )
        )
    }

    /// Reads a request for `/v1/diff`.
    ///
    /// The other version is given as a tag or a digest of the same name, or as `name:tag`.
    private static func difference(
        _ reference: ArrayReference,
        _ parameters: RequestParameters
    ) throws(ArrayServiceError) -> VersionRequest {
        try requireNoMember(reference)
        guard let text = parameters.text("to"), let other = other(text, beside: reference) else {
            throw .parameterInvalid("to", expected: "a tag, a digest (sha256:…) or name:tag")
        }
        return .difference(
            DifferenceRequest(
                reference: reference,
                other: other,
                after: parameters.text("cursor"),
                limit: try parameters.limit()
            )
        )
    }

    private static func other(
        _ text: String,
        beside reference: ArrayReference
    ) -> ArrayReference? {
        let base = "\(reference.namespace)/\(reference.name)"
        let written: String
        if text.utf8.starts(with: "sha256:".utf8) {
            written = "\(base)@\(text)"
        } else if text.utf8.contains(UInt8(ascii: ":")) {
            written = "\(reference.namespace)/\(text)"
        } else {
            written = "\(base):\(text)"
        }
        guard let other = try? ArrayReference(written), other.member.isEmpty else { return nil }
        return other
    }

    /// Reads a request for `/v1/changes`; a client that comes back says in `Last-Event-ID` where it was.
    ///
    /// Source: HTML standard, section "The Last-Event-ID header".
    static func changes(
        _ namespace: String,
        _ parameters: RequestParameters,
        lastEvent: String?
    ) throws(ArrayServiceError) -> VersionRequest {
        var after: Int64?
        if let text = lastEvent ?? parameters.text("after") {
            after = Int64(text)
            guard let after, after >= 0 else {
                throw .parameterInvalid("after", expected: "the id of an event")
            }
        }
        return .changes(
            ChangesRequest(
                namespace: namespace,
                after: after,
                prefix: parameters.text("prefix") ?? ""
            )
        )
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
