import DiskIO
import MetadataIndex
import Volumes

/// The directory that a restore fills, from before its first file to after its last.
///
/// A mark lies in it for as long: what has one is no volume, and another restore takes it up. The
/// directory belongs to one restore at a time, as a volume does to one process. Normative text:
/// `docs/formats/backup.md`.
///
/// It belongs to one thread.
final class RestoreTarget {
    /// The name of the mark.
    static let markName = "restoring"
    /// What may be in a directory that counts as empty: the last two are what an attempt leaves that ended
    /// before its mark was there.
    private static let passedNames: Set<String> = [
        "lost+found", VolumeCopy.lockName, markName + ".new",
    ]

    let copy: VolumeCopy
    /// Whether an earlier restore was interrupted here: its blobs are compared and kept.
    let isResumed: Bool
    private let index: String
    private let fileSystem: any FileSystem
    private let wasThere: Bool
    private let hadIndex: Bool
    private let lock: any FileLock

    /// Takes a directory, and marks it.
    ///
    /// - Parameters:
    ///   - copy: The directory: missing, empty, or of a restore that was interrupted.
    ///   - index: Where its index is made, on the real file system.
    ///   - fileSystem: The disk of the directory.
    /// - Throws: ``MaintenanceError/directoryNotEmpty(path:)``; `VolumeError.inUse` if another restore
    ///   is at work there; the failures of reading and writing. The directory is then as before.
    init(_ copy: VolumeCopy, index: String, _ fileSystem: any FileSystem) throws {
        self.copy = copy
        self.index = index
        self.fileSystem = fileSystem
        let wasThere = try fileSystem.status(copy.directory) != nil
        self.wasThere = wasThere
        hadIndex = try PosixFileSystem().status(index) != nil
        try Self.checkFree(try copy.names(), copy.directory)
        try fileSystem.makeDirectories(copy.directory)
        do {
            lock = try copy.lock()
        } catch {
            // Fails if another restore has it.
            if !wasThere { try? fileSystem.removeDirectory(copy.directory) }
            throw error
        }
        // Another restore may have come to its end meanwhile.
        let names = try copy.names()
        try Self.checkFree(names, copy.directory)
        isResumed = names.contains(Self.markName)
        do {
            if isResumed {
                try removeAllButBlobs()
            } else {
                try copy.publish([], as: Self.markName)
            }
            try copy.prepare()
        } catch {
            giveUp(companions: [])
            throw error
        }
    }

    private static func checkFree(
        _ names: [String],
        _ directory: String
    ) throws(MaintenanceError) {
        guard names.contains(markName) || passedNames.isSuperset(of: names) else {
            throw .directoryNotEmpty(path: directory)
        }
    }

    /// The label goes first: it says that all the rest is there.
    private func removeAllButBlobs() throws {
        try copy.remove(Backup.labelName)
        try copy.prepare()
        MetadataIndex.discard(MetadataIndex.file(in: index))
        _ = try copy.removeSnapshots(except: [])
        _ = try copy.removeLog(except: [])
    }

    /// Ends the restore: everything is there, on the disk.
    ///
    /// - Throws: `.writeFailed`; the directory is then taken for one that was not finished.
    func finish() throws(VolumeError) {
        try copy.remove(Self.markName)
    }

    /// Takes away what was made, if nothing of it was there before; what an interrupted restore left stays
    /// marked as it is, to be taken up again.
    ///
    /// - Parameter companions: The small files that come along.
    func giveUp(companions: [String]) {
        guard !isResumed else { return }
        // What made the restore fail is told, not that something of it stays.
        MetadataIndex.discard(MetadataIndex.file(in: index))
        if !hadIndex { try? PosixFileSystem().removeDirectory(index) }
        do {
            try copy.removeAll(and: companions + [Backup.labelName])
            try copy.remove(Self.markName)
            try copy.remove(VolumeCopy.lockName)
            if !wasThere { try fileSystem.removeDirectory(copy.directory) }
        } catch {
            // As long as the mark is there, nobody takes the rest for a volume.
        }
    }
}
