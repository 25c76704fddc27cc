import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayCatalog {
    /// Lists arrays and groups of several namespaces, in the order of namespace, name, tag, member.
    ///
    /// - Parameters:
    ///   - namespaces: The namespaces that the caller may read, by name.
    ///   - namePrefix: What the names begin with.
    ///   - cursor: Where the page before ended.
    ///   - limit: The most entries, brought into `1...pageEntriesMax`; a page has fewer where the
    ///     metadata is long.
    /// - Returns: A page; its `next` is nil exactly when nothing follows.
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    public func list(
        _ namespaces: [Namespace],
        namePrefix: String,
        after cursor: ArrayListCursor?,
        limit: Int
    ) async throws(ArrayCatalogError) -> ArrayListPage {
        let limit = min(max(limit, 1), ArrayCatalogLimits.pageEntriesMax)
        return try await onDiskThread { catalog throws(ArrayCatalogError) in
            var entries: [ArrayDescription] = []
            var budget = DocumentBudget()
            for namespace in namespaces {
                let name = namespace.name.text
                if let cursor, name.utf8.lexicographicallyPrecedes(cursor.namespace.utf8) {
                    continue
                }
                let after = cursor.flatMap { $0.namespace == name ? $0.place : nil }
                let nodes = try catalog.nodes(
                    in: namespace,
                    namePrefix: namePrefix,
                    scope: .all,
                    after: after,
                    limit: limit - entries.count + 1
                )
                for node in nodes {
                    if entries.count == limit || budget.isSpent, let last = entries.last {
                        let next = ArrayListCursor(
                            namespace: last.namespace.name.text,
                            place: last.node.place
                        )
                        return ArrayListPage(entries: entries, next: next)
                    }
                    entries.append(try catalog.description(of: node, in: namespace, &budget))
                }
            }
            return ArrayListPage(entries: entries, next: nil)
        }
    }

    /// Describes what a reference names.
    ///
    /// A reference without a tag gives every version of the name if there are several, or one that
    /// is not `latest`.
    ///
    /// - Throws: ``ArrayCatalogError/arrayMissing(_:tags:)`` or ``ArrayCatalogError/store(_:)``.
    public func describe(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayCatalogError) -> NameDescription {
        try await onDiskThread { catalog throws(ArrayCatalogError) in
            if reference.explicitTag == nil, reference.digest == nil {
                let roots = try catalog.roots(named: reference.name, in: namespace)
                let isPlain = roots.count == 1 && roots[0].place.tag == ArrayPlace.latestTag
                if !roots.isEmpty, !isPlain {
                    return .versions(try catalog.descriptions(of: roots, in: namespace))
                }
            }
            let node = try catalog.node(reference, in: namespace)
            var budget = DocumentBudget()
            var description = try catalog.description(of: node, in: namespace, &budget)
            description.digest = reference.digest
            guard case .group = description.content else { return .single(description) }
            let members = try catalog.members(of: node, in: namespace)
            return .group(
                description,
                members: try catalog.descriptions(
                    of: members,
                    in: namespace,
                    digest: reference.digest
                )
            )
        }
    }

    /// The versions of a name; one more than are described, if there are more.
    private func roots(
        named name: String,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> [CatalogNode] {
        try nodes(
            in: namespace,
            namePrefix: name,
            scope: .roots,
            after: nil,
            limit: ArrayCatalogLimits.versionsMax + 1
        ).filter { $0.place.name.utf8.elementsEqual(name.utf8) }
    }

    /// The nodes below a group; one more than are described, if there are more.
    func members(
        of group: CatalogNode,
        in namespace: Namespace
    ) throws(ArrayCatalogError) -> [CatalogNode] {
        let place = group.place
        let limit = ArrayCatalogLimits.versionsMax + 1
        guard group.line != namespace.line else {
            // Plain keys: what is inside has a longer path in the same line, and is known by it.
            return try nodes(
                in: namespace,
                namePrefix: place.name + "/",
                scope: .all,
                after: nil,
                limit: limit
            ).filter { $0.line == group.line }
        }
        // In the order of their paths, those of this group begin with its own.
        let prefix = group.path.isEmpty ? "" : group.path + "/"
        do {
            return try store.nodes(line: group.line, after: prefix, limit: limit)
                .filter { $0.path.utf8.starts(with: prefix.utf8) }
        } catch {
            throw .store(error)
        }
    }

    private func descriptions(
        of nodes: [CatalogNode],
        in namespace: Namespace,
        digest: String? = nil
    ) throws(ArrayCatalogError) -> DescriptionList {
        var entries: [ArrayDescription] = []
        var budget = DocumentBudget()
        for node in nodes.prefix(ArrayCatalogLimits.versionsMax) where !budget.isSpent {
            var entry = try description(of: node, in: namespace, &budget)
            entry.digest = digest
            entries.append(entry)
        }
        return DescriptionList(entries: entries, isTruncated: nodes.count > entries.count)
    }

    private func description(
        of node: CatalogNode,
        in namespace: Namespace,
        _ budget: inout DocumentBudget
    ) throws(ArrayCatalogError) -> ArrayDescription {
        let state: MetadataState
        do {
            // Before what it is the state of, so that it is never newer.
            state = try MetadataState(of: node, store)
        } catch {
            throw .store(error)
        }
        let content = try content(of: node, &budget)
        return ArrayDescription(namespace: namespace, node: node, state: state, content: content)
    }

    func nodes(
        in namespace: Namespace,
        namePrefix: String,
        scope: NodeScope,
        after place: ArrayPlace?,
        limit: Int
    ) throws(ArrayCatalogError) -> [CatalogNode] {
        do {
            return try store.nodes(
                in: namespace,
                namePrefix: namePrefix,
                scope: scope,
                after: place,
                limit: limit
            )
        } catch {
            throw .store(error)
        }
    }
}
