import DiskIO
import StorageFormats

extension VolumeSet {
    /// The identifier that log and blobs carry in some directories, before they are opened; nil if
    /// none says so.
    ///
    /// Opening says what is wrong with them.
    public static func originID(of locations: [VolumeLocation]) -> UniqueID? {
        for location in locations {
            let path = VolumeLayout(directory: location.directory).members
            let bytes = try? location.fileSystem.open(path, .readOnly)
                .read(VolumeMembership.encodedBytesMax + 1, at: 0)
            if let bytes, let membership = try? VolumeMembership(decoding: bytes) {
                return membership.originID
            }
        }
        for location in locations {
            let path = VolumeLayout(directory: location.directory).label
            let bytes = try? location.fileSystem.open(path, .readOnly)
                .read(VolumeLabel.encodedBytesMax + 1, at: 0)
            if let bytes, let label = try? VolumeLabel(decoding: bytes) { return label.volumeID }
        }
        return nil
    }
}
