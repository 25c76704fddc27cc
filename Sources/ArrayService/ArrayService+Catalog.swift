import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import ObjectStorage
import StorageModel

extension ArrayService {
    /// One page of arrays: of one namespace, or of all that the caller may list.
    func list(
        _ wanted: ListRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespaces: [Namespace]
        var namePrefix = wanted.prefix
        if let name = wanted.namespace {
            namespaces = [try namespace(name, for: caller, .list)]
        } else {
            // As S3 answers ListBuckets: a list of everything is for somebody.
            guard caller.principal != nil else {
                throw .refused(.unauthenticated(caller.request))
            }
            let readable = store.namespaces().filter {
                AccessPolicy.decide(principal: caller.principal, action: .list, namespace: $0)
            }
            let prefix = PrefixParts(wanted.prefix)
            namespaces = readable.filter { prefix.matches($0.name.text) }
            namePrefix = prefix.name
        }
        let page: ArrayListPage
        do {
            page = try await catalog.list(
                namespaces,
                namePrefix: namePrefix,
                after: wanted.cursor,
                limit: wanted.limit
            )
        } catch {
            throw .catalog(error)
        }
        return .document(
            .members([
                "arrays": .array(page.entries.map { DescriptionDocument.value($0, .listed) }),
                "next": page.next.map { .string($0.opaqueText) } ?? .null,
            ])
        )
    }

    /// Everything that is known of one name, version or member.
    func describe(
        _ reference: ArrayReference,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(of: reference, for: caller)
        let description: NameDescription
        do {
            description = try await catalog.describe(reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
        switch description {
        case .single(let single):
            return .document(DescriptionDocument.value(single, .described))
        case .group(let group, let members):
            let known = DescriptionDocument.members(group, .described)
            return .document(.object(known + list(members, "members")))
        case .versions(let versions):
            let known = [
                JSONMember(name: "namespace", value: .string(namespace.name.text)),
                JSONMember(name: "name", value: .string(reference.name)),
            ]
            return .document(.object(known + list(versions, "versions")))
        }
    }

    /// Descriptions under a name, and whether there are more.
    private func list(_ descriptions: DescriptionList, _ name: String) -> [JSONMember] {
        let values = descriptions.entries.map { DescriptionDocument.value($0, .listed) }
        return [
            JSONMember(name: name, value: .array(values)),
            JSONMember(name: "truncated", value: .bool(descriptions.isTruncated)),
        ]
    }
}

/// A prefix of `namespace/name`.
private struct PrefixParts {
    /// The whole namespace if the prefix has a `/`, else what namespaces begin with.
    let namespace: String
    /// What names begin with.
    let name: String
    let isNamespaceWhole: Bool

    init(_ prefix: String) {
        let parts = prefix.utf8.split(
            separator: UInt8(ascii: "/"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        namespace = String(Substring(parts[0]))
        isNamespaceWhole = parts.count == 2
        name = isNamespaceWhole ? String(Substring(parts[1])) : ""
    }

    func matches(_ text: String) -> Bool {
        isNamespaceWhole ? text == namespace : text.utf8.starts(with: namespace.utf8)
    }
}
