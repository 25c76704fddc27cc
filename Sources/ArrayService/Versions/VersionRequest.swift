import ArrayModel
import NIOHTTP1

/// What a client asks of versions, commits, drafts and what changed.
enum VersionRequest: Hashable, Sendable {
    /// `GET /v1/versions/{namespace}/{name}`.
    case list(ArrayReference)
    /// `GET /v1/versions/{namespace}/{name}:{tag}`.
    case describe(ArrayReference)
    /// `PUT /v1/versions/{namespace}/{name}:{tag}`.
    case fork(ArrayReference)
    /// `PATCH /v1/versions/{namespace}/{name}:{tag}`.
    case change(ArrayReference)
    /// `PATCH /v1/versions/{namespace}/{name}`.
    case renameAll(ArrayReference)
    /// `DELETE /v1/versions/{namespace}/{name}:{tag}`.
    case delete(ArrayReference)
    /// `POST /v1/commits/{namespace}/{name}:{tag}`.
    case commit(ArrayReference)
    /// `GET /v1/commits/{namespace}/{name}@{digest}`.
    case manifest(ArrayReference)
    /// `DELETE /v1/commits/{namespace}/{name}@{digest}`.
    case forget(ArrayReference)
    /// `GET /v1/history/{reference}`.
    case history(HistoryRequest)
    /// `GET /v1/diff/{reference}`.
    case difference(DifferenceRequest)
    /// `GET /v1/drafts/{namespace}/{name}[:{tag}]`.
    case listDrafts(ArrayReference)
    /// `POST /v1/drafts/{namespace}/{name}:{tag}`.
    case createDraft(ArrayReference)
    /// `DELETE /v1/drafts/{namespace}/{name}:{tag of the draft}`.
    case discardDraft(ArrayReference)
    /// `POST /v1/rollbacks/{namespace}/{name}:{tag}`.
    case rollBack(ArrayReference)
    /// `GET /v1/changes/{namespace}`.
    case changes(ChangesRequest)
}

/// A page of the commits of a version, the newest first.
struct HistoryRequest: Hashable, Sendable {
    let reference: ArrayReference
    /// The last commit of the page before.
    let after: String?
    /// The most entries.
    let limit: Int
}

/// Two versions to compare.
struct DifferenceRequest: Hashable, Sendable {
    let reference: ArrayReference
    /// The other one, of the same namespace.
    let other: ArrayReference
    /// The last key of the page before.
    let after: String?
    /// The most keys.
    let limit: Int
}

/// Where to begin to tell what changed in a namespace.
struct ChangesRequest: Hashable, Sendable {
    let namespace: String
    /// The number of the last event that the client has seen; nil for what comes from now on.
    let after: Int64?
    /// What the names of arrays begin with.
    let prefix: String
}
