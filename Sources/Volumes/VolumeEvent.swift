import StorageFormats
import StorageModel

/// What happens to the volumes of a set that somebody should know of.
public enum VolumeEvent: Hashable, Sendable {
    /// A volume is not among those that were given at the start.
    case missing(UniqueID)
    /// A volume that is missing was forgotten.
    case forgotten(UniqueID)
    /// A volume cannot be read at the start.
    case unreadable(directory: String, VolumeError)
    /// A volume holds no blob at the start, though others do.
    case blobsMissing(directory: String)
    /// A new volume joined.
    case joined(directory: String)
    /// A volume failed and is used for writing no more.
    case takenOut(directory: String, VolumeError)
    /// What a volume holds of a payload is damaged; it was read from another.
    case damaged(directory: String, Extent, VolumeError)
    /// A damaged payload is whole again.
    case healed(directory: String, Extent, VolumeError)
    /// A damaged payload could not be written anew.
    case notHealed(directory: String, Extent, VolumeError)
    /// A blob was written with fewer copies than wanted.
    case thin(BlobID)
    /// A volume holds the whole log from now on.
    case holdsLog(directory: String)
    /// A volume has all that it should have.
    case current(directory: String)
}
