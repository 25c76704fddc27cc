/// Which nodes of the catalog a listing gives.
public enum NodeScope: Hashable, Sendable {
    /// Every node.
    case all
    /// Nodes that are not below a version's root: those with an empty member path.
    case roots
    /// One version: its root and its members.
    case version(name: String, tag: String)
}
