import ArrayModel
import NIOHTTP1
import StorageModel

/// What is wrong with a request for a version, beside what the engine says.
enum VersionServiceError: Error, Hashable, Sendable {
    /// A version is asked for, and the reference names none by its tag.
    case tagNeeded(ArrayReference)
    /// Nothing is called so; the tags are those of the name.
    case versionMissing(VersionName, tags: [String])
    /// What is asked for is an array of plain keys, which has no versions.
    case plainKeys(VersionName)
    /// A name with a tag, where versions of a name are renamed.
    case nameNeeded(String)
    /// A commit is asked for, and the reference names none by its digest.
    case digestNeeded(ArrayReference)
    /// A version is asked for as a whole, and the reference names a member of it.
    case memberGiven(ArrayReference)
    /// Nothing is known by a reference that could be compared.
    case notComparable(ArrayReference)
    /// A text that is no version, digest or folder to begin a version with.
    case sourceInvalid(String)
    /// More than one thing is asked to be changed at once, or none.
    case oneChangeNeeded(allowed: [String])
    /// Too many follow the changes already.
    case tooManyFollowers
}

extension VersionServiceError {
    /// The problem that is reported.
    var problem: Problem {
        switch self {
        case .tagNeeded(let it):
            Problem(
                .badRequest,
                "tag_needed",
                "\(it.text) names no version by its tag: write \(it.namespace)/\(it.name):v1, for"
                    + " example."
            )
        case .versionMissing(let it, let tags):
            Problem(
                .notFound,
                "version_missing",
                tags.isEmpty
                    ? "There is no version \(it)."
                    : "There is no version \(it); \(it.name) has the versions"
                        + " \(tags.joined(separator: ", "))."
            ).adding("tags", .array(tags.map { .string($0) }))
        case .plainKeys(let it):
            Problem(
                .notFound,
                "version_missing",
                "There is no version \(it): \(it.name) is stored under plain keys, which have none until"
                    + " they are forked to a tag; PUT /v1/versions of \(it.name):v1, for example,"
                    + " {\"from\": \"latest\"}."
            ).adding("tags", .array([]))
        case .nameNeeded(let text):
            Problem(
                .badRequest,
                "version_name_invalid",
                "All versions of the name are renamed and keep their tags; \"name\" must be a name"
                    + " without a tag, and \"\(text)\" is none."
            )
        case .digestNeeded(let it):
            Problem(
                .badRequest,
                "digest_needed",
                "\(it.text) names no commit: write \(it.namespace)/\(it.name)@sha256:…; the digests"
                    + " are at /v1/history/\(it.namespace)/\(it.name):\(it.tag)."
            )
        case .memberGiven(let it):
            Problem(
                .badRequest,
                "member_given",
                "A version is kept as a whole; leave \"\(it.member)\" out."
            )
        case .notComparable(let it):
            Problem(
                .notFound,
                "version_missing",
                "There is no version or commit \(it.text). Plain folders are compared once they are"
                    + " forked to a tag."
            )
        case .sourceInvalid(let text):
            Problem(
                .badRequest,
                "source_invalid",
                "\"\(text)\" is nothing to begin a version with: give a tag (v0), a version"
                    + " (name:v0), a digest (sha256:…) or a folder of keys (a/b/)."
            )
        case .oneChangeNeeded(let allowed):
            Problem(
                .badRequest,
                "one_change_needed",
                "Ask for one change at a time: \(allowed.joined(separator: ", "))."
            )
        case .tooManyFollowers:
            Problem(
                .serviceUnavailable,
                "overloaded",
                "Too many clients follow the changes already; try again."
            )
        }
    }
}
