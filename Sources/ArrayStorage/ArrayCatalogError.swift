import ArrayModel
import ObjectStorage
import StorageModel

/// Why an array cannot be found or understood.
public enum ArrayCatalogError: Error, Hashable, Sendable {
    /// No namespace has this name.
    case namespaceMissing(String)
    /// No array or group is known by this reference; `tags` are those that its name has, at most
    /// ``ArrayCatalogLimits/tagsInErrorMax``.
    case arrayMissing(ArrayReference, tags: [String])
    /// The reference names a group, which has no elements of its own.
    case groupNotSliceable(ArrayReference)
    /// The array's metadata cannot be understood.
    case metadataUnreadable(ArrayReference, note: String)
    /// The metadata was replaced or removed while it was read; try again.
    case metadataReplaced(ArrayReference)
    /// The storage engine failed.
    case store(StoreError)
}
