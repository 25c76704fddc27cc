import DiskIO
import StorageFormats

/// What is known of one volume of a set.
public struct VolumeReport: Hashable, Sendable {
    /// How a volume does.
    public enum Condition: Hashable, Sendable {
        /// It has all that it should have.
        case current
        /// It is used, and may lack what was written before; it is being brought up to date.
        case behind
        /// It failed and is only read.
        case failed(VolumeError)
        /// It is not there.
        case missing
    }

    /// The volume.
    public let id: UniqueID
    /// Where it is; empty if it is missing.
    public let directory: String
    /// How it does.
    public let condition: Condition
    /// Whether it holds the whole log.
    public let holdsLog: Bool
    /// The room on its disk, if it tells.
    public let space: DiskSpace?
}
