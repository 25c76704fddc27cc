import DiskIO
import StorageFormats
import Volumes

/// Reads a backup into whose directory another may be made meanwhile.
///
/// A backup puts its manifest in place first and then removes what only the one before needs. So
/// whoever misses something reads the manifest again: where it is another, the state that was read
/// is gone, and the reading begins anew with the new one. No lock is taken: a backup can lie on a
/// medium that takes no writes, and a restore keeps none from being made.
struct BackupReading {
    /// How often the reading begins, with as many backups made meanwhile, before it is given up.
    private static let beginningsMax = 16

    let directory: String
    let fileSystem: any FileSystem

    private var copy: VolumeCopy { VolumeCopy(directory: directory, fileSystem: fileSystem) }

    /// Reads the backup, from the beginning for each that is found in its place.
    ///
    /// - Parameter work: Reads the backup of a manifest, and fails if something of it is not there, or
    ///   not whole, and ``checkUnreplaced(_:)`` fails.
    /// - Returns: What the work gives.
    /// - Throws: ``MaintenanceError/backupMissing(path:)``, what the work throws,
    ///   ``MaintenanceError/backupReplaced(path:)`` if it never comes to an end.
    func perform<Value>(
        _ work: (BackupManifest) throws(MaintenanceError) -> Value
    ) throws(MaintenanceError) -> Value {
        guard var manifest = try Backup.manifest(in: copy) else {
            throw .backupMissing(path: directory)
        }
        for _ in 0..<Self.beginningsMax {
            do throws(MaintenanceError) {
                return try work(manifest)
            } catch {
                guard error.mayComeOfReplacement, let present = try Backup.manifest(in: copy),
                    present != manifest
                else { throw error }
                manifest = present
            }
        }
        throw .backupReplaced(path: directory)
    }

    /// Says whether what is missing or not whole is so in the backup that is being read.
    ///
    /// - Throws: ``MaintenanceError/backupReplaced(path:)`` if another is in its place.
    func checkUnreplaced(_ manifest: BackupManifest) throws(MaintenanceError) {
        guard try Backup.manifest(in: copy) == manifest else {
            throw .backupReplaced(path: directory)
        }
    }
}

extension MaintenanceError {
    /// Whether files that went away while they were read can be the cause.
    fileprivate var mayComeOfReplacement: Bool {
        switch self {
        case .stopped, .outOfSpace, .resourcesExhausted, .directoryNotEmpty: false
        default: true
        }
    }
}
