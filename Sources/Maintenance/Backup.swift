import DiskIO
import MetadataIndex
import ObjectStorage
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

/// Copies a state of an open store into a directory, while others read and write.
///
/// The state is that of one moment after the backup began: every change up to the log position of
/// its manifest, none after it. What an earlier backup in the same directory copied is kept: only
/// new bytes of the log and new blobs are copied. The manifest comes last, at once; until then the
/// earlier backup can be restored, whatever happens. What the new state does not need is removed
/// only after that.
///
/// While it runs, the store holds back what would be removed.
///
/// Everything waits for the disk: call it on a thread that may.
public struct Backup: Sendable {
    /// The name of the manifest in the directory of a backup.
    public static let manifestName = "backup.json"
    /// The name of the file that is there while a backup is made, and after one that was given up.
    static let attemptName = "attempt"
    /// Names of which at least one is in the directory of every backup, and none in a volume.
    public static let markNames = [manifestName, attemptName]
    /// The name of the volume's label, in a backup as in a volume.
    static let labelName = "volume.json"

    /// What a backup did.
    public struct Report: Hashable, Sendable {
        /// The manifest that was published.
        public let manifest: BackupManifest
        /// Bytes of log that were copied.
        public let copiedLogBytes: Int64
        /// Blobs that were copied.
        public let copiedBlobs: Int64
        /// What their files take together.
        public let copiedBlobBytes: Int64
        /// Files that were removed because the new state does not need them.
        public let removedFiles: Int64
        /// Payloads of the state that no volume has whole, with objects that need them; they were copied as
        /// they are.
        public let damage: [Disagreement]
    }

    /// A small file that goes along, such as the root keys.
    public struct Companion: Hashable, Sendable {
        /// Its name at the top of the backup.
        public let name: String
        /// Its bytes.
        public let bytes: [UInt8]

        /// Makes a file of its name and bytes.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    private let store: ObjectStore
    private let target: String
    private let fileSystem: any FileSystem
    private let companions: [Companion]
    private let clock: @Sendable () -> WallTime

    /// Names what is copied, and where to.
    ///
    /// - Parameters:
    ///   - store: The open store.
    ///   - target: The directory of the backup: missing, empty, or an earlier backup.
    ///   - fileSystem: The disk of that directory.
    ///   - companions: Small files that go along.
    ///   - clock: Tells when the backup was complete.
    public init(
        of store: ObjectStore,
        to target: String,
        fileSystem: any FileSystem,
        companions: [Companion] = [],
        clock: @escaping @Sendable () -> WallTime
    ) {
        self.store = store
        self.target = target
        self.fileSystem = fileSystem
        self.companions = companions
        self.clock = clock
    }

    /// Makes the backup.
    ///
    /// - Parameters:
    ///   - stop: Ends the work; the earlier backup is then as before.
    ///   - progress: Told how far it has come.
    /// - Returns: What was done.
    /// - Throws: ``MaintenanceError``; the earlier backup is then as before.
    public func run(
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws(MaintenanceError) -> Report {
        do {
            // What is known to be damaged needs snapshots that the backup would hold back.
            _ = try store.coverDamage([])
            do {
                return try attempt(stop, progress)
            } catch let damaged as RecordsDamaged {
                // The index holds what they said: with a snapshot behind them, the backup does.
                guard let damage = damaged.damage, try store.coverDamage([damage]) else {
                    throw damaged.error
                }
                return try attempt(stop, progress)
            }
        } catch let damaged as RecordsDamaged {
            throw damaged.error
        } catch let error as StoreError {
            throw .store(error)
        } catch {
            throw MaintenanceError(applying: error, path: target, directory: target)
        }
    }

    /// Reads the label of a backup.
    ///
    /// - Throws: ``MaintenanceError``; `VolumeError`.
    static func label(in copy: VolumeCopy, _ manifest: BackupManifest) throws -> VolumeLabel {
        let directory = copy.directory
        let path = "\(directory)/\(labelName)"
        let bytes = try copy.read(labelName, bytesMax: VolumeLabel.encodedBytesMax + 1)
        guard let bytes else {
            throw MaintenanceError.backupDamaged(path: path, offset: 0)
        }
        do throws(FormatError) {
            let label = try VolumeLabel(decoding: bytes)
            guard label.volumeID == manifest.volumeID else {
                throw FormatError.fieldInvalid(.volumeID)
            }
            return label
        } catch .versionUnknown(let version) {
            throw MaintenanceError.versionUnknown(path: path, version: version)
        } catch {
            throw MaintenanceError.backupDamaged(path: path, offset: 0)
        }
    }

    private func attempt(
        _ stop: StopFlag,
        _ progress: ProgressVisitor
    ) throws -> Report {
        let run = try BackupRun(
            store: store,
            copy: VolumeCopy(directory: target, fileSystem: fileSystem),
            fileSystem: fileSystem,
            stop: stop
        )
        return try run.perform(companions, clock, progress)
    }

    /// Reads what a backup says about itself; nil if there is none.
    ///
    /// - Throws: ``MaintenanceError/manifestInvalid(path:)``,
    ///   ``MaintenanceError/versionUnknown(path:version:)``.
    static func manifest(in copy: VolumeCopy) throws(MaintenanceError) -> BackupManifest? {
        let path = "\(copy.directory)/\(manifestName)"
        let bytes: [UInt8]?
        do throws(VolumeError) {
            bytes = try copy.read(manifestName, bytesMax: BackupManifest.encodedBytesMax + 1)
        } catch {
            throw MaintenanceError(error, directory: copy.directory)
        }
        guard let bytes else { return nil }
        do throws(FormatError) {
            return try BackupManifest(decoding: bytes)
        } catch .versionUnknown(let version) {
            throw .versionUnknown(path: path, version: version)
        } catch {
            throw .manifestInvalid(path: path)
        }
    }
}
