import ArrayModel
import NIOHTTP1
import ObjectStorage
import StorageModel

extension ArrayServiceError {
    /// What a refusal to do something to a version is to a client.
    static func problem(_ error: VersionError) -> Problem {
        let problem = Problem(error.status, error.code, error.sentence)
        guard case .conflict(let conflict) = error else { return problem }
        return
            problem
            .adding("conflicts", .array(conflict.keys.map { .string($0.text) }))
            .adding("count", .integer(conflict.count))
    }
}

extension VersionError {
    /// The HTTP status.
    fileprivate var status: HTTPResponseStatus {
        switch self {
        case .sealed: .forbidden
        case .missing, .nameMissing, .commitMissing, .folderEmpty: .notFound
        case .nameInvalid, .draftTag, .messageTooLong, .tagTooLong: .badRequest
        case .uncounted, .gone, .mergeOutdated: .serviceUnavailable
        case .exists, .keysInPlace, .commitInUse, .folderHoldsVersions, .forkedTooOften, .isDraft,
            .isNoDraft, .baseGone, .conflict:
            .conflict
        }
    }

    /// A word that programs can rely on.
    fileprivate var code: String {
        switch self {
        case .sealed: "version_sealed"
        case .missing, .nameMissing: "version_missing"
        case .nameInvalid, .draftTag: "version_name_invalid"
        case .exists: "version_exists"
        case .keysInPlace: "keys_in_place"
        case .folderEmpty: "folder_empty"
        case .folderHoldsVersions: "folder_holds_versions"
        case .commitMissing: "commit_missing"
        case .commitInUse: "commit_in_use"
        case .isDraft: "is_draft"
        case .isNoDraft: "is_no_draft"
        case .baseGone: "draft_base_gone"
        case .conflict: "draft_conflict"
        case .forkedTooOften: "forked_too_often"
        case .messageTooLong: "message_too_long"
        case .tagTooLong: "tag_too_long"
        case .uncounted, .mergeOutdated: "version_changing"
        case .gone: "array_changing"
        }
    }

    /// A sentence for people.
    fileprivate var sentence: String {
        switch self {
        case .sealed(let it):
            "\(it) is sealed: fork it to another tag and write there, or have it unsealed."
        case .missing(let it): "There is no version \(it)."
        case .draftTag(let it): "The tag \(it.tag) is one that drafts alone get."
        case .nameMissing(let it): "There is no version of \(it)."
        case .nameInvalid(let it): "\"\(it)\" cannot be a version."
        case .exists(let it): "There is a version \(it) already."
        case .keysInPlace(let it):
            "Objects are stored under \(it.keyPrefix) already: delete or move them first."
        case .folderEmpty(let it): "No object is stored under \(it)/."
        case .folderHoldsVersions(let it):
            "Versions lie under \(it)/: fork each of them by itself."
        case .commitMissing(let it): "No commit \(it) is kept."
        case .commitInUse(let it): "\(it) is the newest commit of a version."
        case .isDraft(let it): "\(it) is a draft: commit or discard it."
        case .isNoDraft(let it): "\(it) is no draft."
        case .baseGone(let it):
            "The version that \(it) was made of is gone, or was rolled back."
        case .conflict(let it):
            "The draft and its version changed \(it.count) of the same keys, each to something else."
        case .forkedTooOften(let it, let limit):
            "\(it) has \(limit) levels, one for each fork of a fork, rollback and large draft: copy its"
                + " objects to another tag, which begins anew."
        case .messageTooLong(let bytes):
            "The message has \(bytes) bytes, of at most \(Manifest.messageBytesMax)."
        case .tagTooLong(let it): "The tag of \(it) leaves no room for that of a draft."
        case .uncounted: "The version is being counted: try again."
        case .mergeOutdated(let it):
            "\(it) and its version changed while the commit was prepared: try again."
        case .gone: "The version was deleted, or taken back, while it was read: try again."
        }
    }
}
