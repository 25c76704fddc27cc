import ObjectStorage
import StorageModel

/// How many arrays and groups a namespace has.
public struct NodeCounts: Hashable, Sendable {
    /// Arrays, those with unreadable metadata included.
    public var arrays = 0
    /// Groups.
    public var groups = 0
    /// Whether there are more than were counted.
    public var isTruncated = false

    /// Makes counts of nothing.
    public init() {}
}

extension ArrayCatalog {
    /// Counts the arrays and groups of a namespace, up to ``ArrayCatalogLimits/countedNodesMax``.
    ///
    /// - Throws: ``ArrayCatalogError/store(_:)``.
    public func counts(in namespace: Namespace) async throws(ArrayCatalogError) -> NodeCounts {
        try await onDiskThread { catalog throws(ArrayCatalogError) in
            var counts = NodeCounts()
            var place: ArrayPlace?
            let limit = ArrayCatalogLimits.pageEntriesMax
            while counts.arrays + counts.groups < ArrayCatalogLimits.countedNodesMax {
                let page = try catalog.nodes(
                    in: namespace,
                    namePrefix: "",
                    scope: .all,
                    after: place,
                    limit: limit
                )
                for node in page {
                    switch node.fact.kind {
                    case .group: counts.groups += 1
                    case .array, .unreadable: counts.arrays += 1
                    }
                }
                guard page.count == limit else { return counts }
                place = page.last?.place
            }
            counts.isTruncated = true
            return counts
        }
    }
}
