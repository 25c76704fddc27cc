import StorageFormats
import StorageModel

/// Why a volume is not forgotten; nothing has changed then.
public enum ForgettingError: Error, Hashable, Sendable {
    /// No volume of that identifier belongs to the Nave; these do that are missing.
    case volumeUnknown(missing: [UniqueID])
    /// It is among the volumes that are used now, or whose disk fails.
    case volumePresent(directory: String)
    /// So few volumes would be left, fewer than copies are wanted.
    case tooFewVolumes(left: Int, copies: Int)
    /// A volume that is there takes no writes, so that it cannot be told.
    case volumeFailed(directory: String)
    /// Of so many payloads no volume that takes writes has a copy, so that the missing one may have the
    /// only one; these are some of the objects.
    case onlyCopies(payloads: Int, objects: [String])
    /// Of so many places no whole copy is known here, so that the missing one may have it; these are some
    /// of the objects.
    case onlyWholeCopies(places: Int, objects: [String])
    /// The index cannot be asked which payloads there are.
    case indexFailed
    /// It could not be written down.
    case notWritten(VolumeError)
    /// The volumes are being closed.
    case closed
}
