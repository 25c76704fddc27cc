import ArrayModel
import StorageModel

/// An array or group as a listing shows it.
public struct ArrayDescription: Sendable {
    /// What the metadata says.
    public enum Content: Sendable {
        /// An array; its attributes are within the metadata, in every dialect.
        case array(ArrayMetadata)
        /// A group.
        case group(attributes: JSONValue)
        /// Metadata that is not understood; the note says why.
        case unreadable(note: String)
        /// A writer replaced or removed the metadata while it was read.
        case changing
    }

    /// The namespace.
    public let namespace: Namespace
    /// Its place, its keys, its totals.
    public let node: CatalogNode
    /// Which state the metadata is in, at the latest.
    public let state: MetadataState
    /// What the metadata says.
    public let content: Content
    /// The digest of the commit that it is shown of; nil for what is there now.
    public var digest: String?

    /// Makes a description of its parts.
    public init(
        namespace: Namespace,
        node: CatalogNode,
        state: MetadataState,
        content: Content
    ) {
        self.namespace = namespace
        self.node = node
        self.state = state
        self.content = content
    }
}

/// What is known by a name: one array or group, or several versions.
public enum NameDescription: Sendable {
    /// The only thing of this name.
    case single(ArrayDescription)
    /// A group, with what is below it.
    case group(ArrayDescription, members: DescriptionList)
    /// Several tags, in their order.
    case versions(DescriptionList)
}

/// Versions or members, as many as one answer shows.
public struct DescriptionList: Sendable {
    /// At most ``ArrayCatalogLimits/versionsMax``.
    public let entries: [ArrayDescription]
    /// Whether there are more, which a listing gives page by page.
    public let isTruncated: Bool
}

/// Where a listing continues: after this place in this namespace.
public struct ArrayListCursor: Hashable, Sendable {
    /// The namespace.
    public let namespace: String
    /// The last place that was given.
    public let place: ArrayPlace

    /// Makes a cursor of its parts.
    public init(namespace: String, place: ArrayPlace) {
        self.namespace = namespace
        self.place = place
    }
}

/// One page of a listing of arrays.
public struct ArrayListPage: Sendable {
    /// The arrays and groups, by namespace and place.
    public let entries: [ArrayDescription]
    /// Where to continue if more follow.
    public let next: ArrayListCursor?

    /// Makes a page of its parts.
    public init(entries: [ArrayDescription], next: ArrayListCursor?) {
        self.entries = entries
        self.next = next
    }
}
