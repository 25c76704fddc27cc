import DiskIO

/// Where a volume is, or is to be made.
public struct VolumeLocation: Sendable {
    /// Its directory, without a slash at the end.
    public let directory: String
    /// The disk.
    public let fileSystem: any FileSystem

    /// Makes a location of its parts.
    public init(directory: String, fileSystem: any FileSystem) {
        self.directory = directory
        self.fileSystem = fileSystem
    }
}
