import DiskIO
import Volumes

/// The state of one volume.
public struct VolumeReport: Hashable, Sendable {
    /// Where it is.
    public let directory: String
    /// What its label calls it, a UUID.
    public let identifier: String
    /// Whether it takes writes.
    public let isWritable: Bool
    /// The room on its disk; nil if the disk does not say.
    public let space: DiskSpace?

    init(_ volume: Volume, space: DiskSpace?) {
        self.init(
            directory: volume.directory,
            identifier: "\(volume.label.volumeID)",
            isWritable: volume.isWritable,
            space: space
        )
    }

    /// Makes a report of its values.
    public init(directory: String, identifier: String, isWritable: Bool, space: DiskSpace?) {
        self.directory = directory
        self.identifier = identifier
        self.isWritable = isWritable
        self.space = space
    }
}
