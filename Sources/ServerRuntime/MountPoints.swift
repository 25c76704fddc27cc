import DiskIO
import Glibc
import Logging

/// The places in and of data folders at which disks were mounted when they were served last.
///
/// While a disk is not mounted, the directory that it belongs on looks like one that was made there by hand:
/// a new volume would be begun in it, or payloads copied into it, on the disk of the directory itself.
/// Only a note that a disk belongs there tells the two apart. Each folder notes the mount points among
/// its own directories, and which of the folders that it was ever served with are mount points
/// themselves.
struct MountPoints {
    /// What a folder's note is called: one path a line.
    static let fileName = "mounts"
    /// The directories of a folder that may have a disk of their own.
    private static let parts = ["blobs", "log", "snapshots", "index"]
    /// The most folders that a note names of those that are not served now.
    private static let foldersMax = 64

    let folders: DataFolders

    /// Refuses an empty directory on which a disk was mounted.
    ///
    /// One in which something is was made what it is by somebody, as by copying all that was on the disk.
    ///
    /// - Throws: ``ServerError/notMounted(path:note:)``.
    func refuseMissing() throws(ServerError) {
        for folder in folders.all {
            let path = FolderNesting.resolved(folder.path)
            for noting in folders.all {
                let note = Self.note(of: noting)
                let own = noting.path == folder.path ? Self.parts.map { "\(path)/\($0)" } : [path]
                for place in Self.read(note) where own.contains(place) {
                    guard Self.isMountPoint(place) == false, Self.isEmpty(place) else { continue }
                    throw .notMounted(path: place, note: note)
                }
            }
        }
    }

    /// Notes where disks are mounted now.
    ///
    /// A folder that cannot be written is done without, with a warning.
    func record(_ logger: Logger) {
        let paths = folders.all.map { FolderNesting.resolved($0.path) }
        for (folder, path) in zip(folders.all, paths) {
            let note = Self.note(of: folder)
            let before = Self.read(note)
            let parts = Self.parts.map { "\(path)/\($0)" }
            // A disk that does not tell is where it was.
            let mounted = (parts + paths.filter { $0 != path }).filter { place in
                Self.isMountPoint(place) ?? before.contains(place)
            }
            // Those that are left out at this start may be named again at another.
            let others = before.filter { !paths.contains($0) && !parts.contains($0) }
            let lines = mounted + others.suffix(Self.foldersMax)
            guard lines != before else { continue }
            do throws(ServerError) {
                try DataFolder.publish(lines.map { $0 + "\n" }.joined(), at: note)
            } catch {
                logger.warning(
                    "a folder does not take where disks are mounted",
                    metadata: ["directory": "\(folder.path)", "error": "\(error)"]
                )
            }
        }
    }

    private static func note(of folder: DataFolder) -> String { "\(folder.path)/\(fileName)" }

    /// The lines of a note; none if there is no note, or it cannot be read.
    private static func read(_ note: String) -> [String] {
        // A folder whose disk fails has no say; what it would have said the others do.
        let text = (try? DataFolder(path: note).read(note)) ?? ""
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// Whether a disk is mounted at a path: it is on another file system than the directory around it; nil
    /// if the disk does not tell.
    private static func isMountPoint(_ path: String) -> Bool? {
        if DataFolder.isAbsent(path) { return false }
        var inner = stat()
        var outer = stat()
        guard stat(path, &inner) == 0, stat(path + "/..", &outer) == 0 else { return nil }
        return inner.st_dev != outer.st_dev
    }

    /// Whether nothing is at a path, or a directory in which nothing is but what a new file system has.
    private static func isEmpty(_ path: String) -> Bool {
        if DataFolder.isAbsent(path) { return true }
        guard let names = try? PosixFileSystem().list(path) else { return false }
        return names.allSatisfy { $0 == "lost+found" }
    }
}
