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
        let namespace = try namespace(reference.namespace, for: caller, .read)
        let description: NameDescription
        do {
            description = try await catalog.describe(reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
        switch description {
        case .single(let single, let members):
            guard case .object(let known) = DescriptionDocument.value(single, .described),
                case .group = single.content
            else { return .document(DescriptionDocument.value(single, .described)) }
            let list = JSONMember(
                name: "members",
                value: .array(members.map { DescriptionDocument.value($0, .listed) })
            )
            return .document(.object(known + [list]))
        case .versions(let versions):
            return .document(
                .members([
                    "namespace": .string(namespace.name.text),
                    "name": .string(reference.name),
                    "versions": .array(
                        versions.map { DescriptionDocument.value($0, .listed) }
                    ),
                ])
            )
        }
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
