import ArrayModel
import StorageModel

/// An array that a reference led to: what a reader of its chunks needs.
public struct ResolvedArray: Sendable {
    /// The namespace it is in.
    public let namespace: Namespace
    /// What the catalog knows of it: its place, its line, the path of its keys there.
    public let node: CatalogNode
    /// Its metadata, without attributes.
    public let metadata: ArrayMetadata

    /// Makes a resolved array of its parts.
    public init(namespace: Namespace, node: CatalogNode, metadata: ArrayMetadata) {
        self.namespace = namespace
        self.node = node
        self.metadata = metadata
    }

    /// The line that holds its chunks.
    public var line: LineID { node.line }

    /// The key, in its line, of the chunk at `coordinates`, which lie within the grid.
    public func chunkKey(_ coordinates: [Int]) -> String {
        let key = metadata.chunkKeys.key(coordinates, grid: metadata.grid)
        return node.path.isEmpty ? key : "\(node.path)/\(key)"
    }
}
