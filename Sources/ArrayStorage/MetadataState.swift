import ObjectStorage
import StorageModel

/// Which state the metadata of an array or group is in: the numbers of the changes that wrote it.
///
/// What is written to chunks leaves it as it is. Equal states of a reference say the same.
public struct MetadataState: Hashable, Sendable {
    /// The number of the change that wrote the metadata key.
    public let sequence: Int64
    /// That of the attributes that Zarr v2 keeps beside it, 0 if there are none; nil in other layouts.
    public let attributesSequence: Int64?

    /// Reads the state from its text.
    ///
    /// - Returns: Nil if the text is not that of a state.
    public init?(_ text: String) {
        let numbers = text.utf8.split(
            separator: UInt8(ascii: "-"),
            omittingEmptySubsequences: false
        )
        .map { Int64(String(Substring($0))) }
        guard (1...2).contains(numbers.count), let sequence = numbers[0] else { return nil }
        self.sequence = sequence
        attributesSequence = numbers.count == 2 ? numbers[1] : nil
        guard self.text.utf8.elementsEqual(text.utf8) else { return nil }
    }

    /// Finds out the state of a node; blocks as long as a look-up.
    ///
    /// - Throws: `StoreError`.
    init(of node: CatalogNode, _ store: ObjectStore) throws(StoreError) {
        sequence = node.sequence
        guard node.fact.dialect == .zarr2 else {
            attributesSequence = nil
            return
        }
        let attributes = try store.lookUp(node.attributesKey, line: node.line)
        attributesSequence = attributes?.sequence ?? 0
    }

    /// The state as text: `17`, or `17-23` with the number of the attributes.
    public var text: String {
        attributesSequence.map { "\(sequence)-\($0)" } ?? "\(sequence)"
    }

    /// What must hold of the attributes beside a node as long as it is in this state.
    func attributesCondition(
        _ key: ObjectKey
    ) -> WriteBatch.Condition? {
        attributesSequence.map { number in
            WriteBatch.Condition(key: key, expectation: number == 0 ? .absent : .sequence(number))
        }
    }
}

extension CatalogNode {
    /// The key of the attributes that Zarr v2 keeps beside an array or a group, in the line.
    var attributesKey: String { path.isEmpty ? ".zattrs" : "\(path)/.zattrs" }
}
