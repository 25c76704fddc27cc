import DiskIO
import Logging
import StorageModel
import Synchronization

/// Room that deletions and the index find on disks which others have filled: files of nothing, one in
/// each folder that is written to, which are given up when there is no other room.
///
/// ``StoreLimits/reservedBytes`` leaves room as long as this server alone fills the disk; this is for when
/// it does not. The files say nothing: whoever finds them may remove them.
///
/// State: `low`; the files.
final class DiskReserve: Sendable {
    /// The name of the file in each folder.
    static let fileName = "reserve"

    private struct File: Sendable {
        let directory: String
        let fileSystem: any FileSystem

        var path: String { "\(directory)/\(DiskReserve.fileName)" }
    }

    private let files: [File]
    private let limits: StoreLimits
    private let logger: Logger
    private let low = Atomic(false)

    private static let pieceBytes = 1 << 18
    /// What the file is at least, on any but the smallest disks: twice the room that a batch of changes is
    /// refused without (``VolumeSet/append(_:at:)``).
    private static let bytesMin: Int64 = 2 << 20
    /// A disk with less room is full, whatever it is needed for.
    private static let fullBytes: Int64 = 1 << 20

    init(
        _ configuration: ObjectStoreConfiguration,
        index directory: String,
        _ fileSystem: any FileSystem,
        _ logger: Logger
    ) {
        files =
            configuration.volumeDirectories.map { File(directory: $0, fileSystem: fileSystem) }
            + [File(directory: directory, fileSystem: PosixFileSystem())]
        limits = configuration.limits
        self.logger = logger
    }

    /// Whether too little room was left for anything to be stored, when that was looked at last.
    ///
    /// Never waits.
    var isRoomLow: Bool { low.load(ordering: .relaxed) }

    /// Says whether too little room is left.
    func note(isRoomLow: Bool) { low.store(isRoomLow, ordering: .relaxed) }

    /// Whether next to nothing is left on a disk.
    var isDiskFull: Bool {
        files.contains { file in
            guard let space = try? file.fileSystem.space(at: file.directory) else { return false }
            return space.availableBytes < Self.fullBytes
        }
    }

    /// Gives all of it up.
    ///
    /// - Returns: Whether there was any.
    func release() -> Bool {
        var isReleased = false
        for file in files where status(file) != nil {
            do throws(DiskError) {
                try file.fileSystem.remove(file.path)
                isReleased = true
            } catch {
                logger.warning("reserve not given up", metadata: ["error": "\(error)"])
            }
        }
        if isReleased {
            logger.warning("the disk is full: the room that was kept for deletions is given up")
        }
        return isReleased
    }

    /// Takes what was given up, where there is room for more than that again.
    func restore() {
        for file in files {
            guard status(file)?.sizeBytes ?? 0 < bytes(file), hasRoom(file) else { continue }
            do throws(DiskError) {
                try fill(file)
            } catch {
                // The disk may fill up meanwhile: half a reserve is tried again later.
                logger.warning("room not reserved", metadata: ["error": "\(error)"])
                try? file.fileSystem.remove(file.path)
            }
        }
    }

    private func fill(_ file: File) throws(DiskError) {
        let opened = try file.fileSystem.open(file.path, .createOrReplace)
        let piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        var offset: Int64 = 0
        let end = bytes(file)
        // Written, since some file systems keep no room for a hole.
        while offset < end {
            let count = min(Int64(piece.count), end - offset)
            try opened.write(Array(piece.prefix(Int(count))), at: offset)
            offset += count
        }
        // Room is taken when it is written back at the latest.
        try opened.synchronizeData()
    }

    private func status(_ file: File) -> FileStatus? {
        // A folder that cannot be asked has nothing to give.
        (try? file.fileSystem.status(file.path)) ?? nil
    }

    /// How long the file is: a part of a small disk only.
    private func bytes(_ file: File) -> Int64 {
        guard let space = try? file.fileSystem.space(at: file.directory) else { return 0 }
        let share = max(space.totalBytes / 128, min(Self.bytesMin, space.totalBytes / 16))
        return min(limits.deletionReserveBytes, share)
    }

    private func hasRoom(_ file: File) -> Bool {
        guard let space = try? file.fileSystem.space(at: file.directory) else { return false }
        let kept = min(limits.reservedBytes, space.totalBytes / 16)
        return space.availableBytes > kept + 2 * bytes(file)
    }
}
