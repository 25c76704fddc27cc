import ArrayModel
import StorageModel

/// Metadata of arrays that were resolved lately.
///
/// An entry is never wrong: its identity holds the number of the change that wrote the metadata.
/// Two generations of half the bound each: what was used since the last turn survives the next one.
struct ArrayCatalogCache: Sendable {
    /// Which state of which metadata key.
    struct Identity: Hashable, Sendable {
        let line: LineID
        let key: String
        let sequence: Int64

        init(_ node: CatalogNode) {
            line = node.line
            key = node.metadataKey
            sequence = node.sequence
        }
    }

    private let generationMax: Int
    private var young: [Identity: ArrayMetadata] = [:]
    private var old: [Identity: ArrayMetadata] = [:]

    init(entriesMax: Int) {
        generationMax = max(entriesMax / 2, 1)
    }

    mutating func metadata(of identity: Identity) -> ArrayMetadata? {
        if let metadata = young[identity] { return metadata }
        guard let metadata = old[identity] else { return nil }
        keep(metadata, for: identity)
        return metadata
    }

    mutating func keep(_ metadata: ArrayMetadata, for identity: Identity) {
        if young.count >= generationMax {
            old = young
            young = [:]
        }
        young[identity] = metadata
    }
}
