import ArrayModel
import StorageModel

/// How versions and commits are spelled in the API's JSON.
enum VersionDocument {
    /// How one version stands.
    static func value(_ state: VersionState, in namespace: Namespace) -> JSONValue {
        .object(members(state, in: namespace))
    }

    /// The members of one version or draft.
    static func members(_ state: VersionState, in namespace: Namespace) -> [JSONMember] {
        let version = state.version
        var members = [
            JSONMember(name: "reference", value: reference(version, in: namespace)),
            JSONMember(name: "namespace", value: .string(namespace.name.text)),
            JSONMember(name: "name", value: .string(version.name)),
            JSONMember(name: "tag", value: .string(version.tag)),
            JSONMember(name: "opened", value: .string(state.opened.timestamp)),
            JSONMember(name: "sealed", value: time(state.sealed)),
            JSONMember(name: "digest", value: digest(state.head)),
            JSONMember(name: "changed_since", value: .bool(state.isChanged)),
            JSONMember(
                name: "retained_commits",
                value: state.retainedCommits.map { .integer(Int($0)) } ?? .null
            ),
        ]
        if let draft = state.draft {
            members.append(JSONMember(name: "expires", value: .string(draft.expires.timestamp)))
        }
        if let total = state.total { members += Self.members(total) }
        return members
    }

    /// The answer to a request to commit: `new` says whether there is a new commit, which alone keeps the
    /// message of the request.
    static func value(_ manifest: Manifest, in namespace: Namespace, isNew: Bool) -> JSONValue {
        guard case .object(let members) = value(manifest, in: namespace) else { return .null }
        return .object(members + [JSONMember(name: "new", value: .bool(isNew))])
    }

    /// What was committed.
    static func value(_ manifest: Manifest, in namespace: Namespace) -> JSONValue {
        let reference = ArrayReference(
            namespace: namespace.name.text,
            name: manifest.version.name,
            explicitTag: nil,
            digest: manifest.digest.text,
            member: ""
        )
        return .object(
            [
                JSONMember(name: "reference", value: .string(reference.text)),
                JSONMember(name: "digest", value: .string(manifest.digest.text)),
                JSONMember(name: "tag", value: .string(manifest.version.tag)),
                JSONMember(name: "parent", value: digest(manifest.parent)),
                JSONMember(
                    name: "author",
                    value: manifest.author.map { .string($0.text) } ?? .null
                ),
                JSONMember(name: "message", value: .string(manifest.message)),
                JSONMember(name: "time", value: .string(manifest.time.timestamp)),
            ] + members(manifest.total)
        )
    }

    /// What the keys of a line add up to.
    private static func members(_ total: LineTotal) -> [JSONMember] {
        [
            JSONMember(name: "keys", value: .integer(Int(total.keys))),
            JSONMember(name: "bytes", value: .integer(Int(total.bytes))),
            JSONMember(name: "content_hash", value: .string(total.contentHash.hexadecimal)),
        ]
    }

    static func reference(_ version: VersionName, in namespace: Namespace) -> JSONValue {
        .string("\(namespace.name.text)/\(version.name):\(version.tag)")
    }

    private static func time(_ time: WallTime?) -> JSONValue {
        time.map { .string($0.timestamp) } ?? .null
    }

    private static func digest(_ digest: ManifestDigest?) -> JSONValue {
        digest.map { .string($0.text) } ?? .null
    }
}
