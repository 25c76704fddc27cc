import DiskIO
import Volumes

extension VolumeSet {
    /// Whether so little room is left that nothing may be stored; see ``StoreLimits/reservedBytes``.
    ///
    /// One `statfs` a disk, about a microsecond. A disk that does not say counts as having room.
    func isNearlyFull(_ limits: StoreLimits) -> Bool {
        guard let space = try? space() else { return false }
        return space.availableBytes < min(limits.reservedBytes, space.totalBytes / 16)
    }
}
