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
        /// It is used, since no other volume can take its place, though its disk does not read.
        case failing
        /// It failed and is only read.
        case failed(VolumeError)
        /// It is not there.
        case missing
    }

    /// What a report tells.
    public enum Detail: Hashable, Sendable {
        /// All but the room on the disk, which has to be asked for.
        case withoutSpace
        /// All.
        case withSpace
    }

    /// The volume.
    public let id: UniqueID
    /// Where it is; empty if it is missing.
    public let directory: String
    /// How it does.
    public let condition: Condition
    /// Whether it holds the whole log.
    public let holdsLog: Bool
    /// How many reads of it failed since it was opened, for its disk's sake.
    public let readFailures: UInt64
    /// The room on its disk, if it tells.
    public let space: DiskSpace?

    /// Makes a report of its values.
    public init(
        id: UniqueID,
        directory: String,
        condition: Condition,
        holdsLog: Bool,
        readFailures: UInt64 = 0,
        space: DiskSpace?
    ) {
        self.id = id
        self.directory = directory
        self.condition = condition
        self.holdsLog = holdsLog
        self.readFailures = readFailures
        self.space = space
    }

    /// What the volume's label calls it, a UUID.
    public var identifier: String { id.description }

    /// Whether it takes writes.
    public var isWritable: Bool {
        switch condition {
        case .current, .behind, .failing: true
        case .failed, .missing: false
        }
    }
}
