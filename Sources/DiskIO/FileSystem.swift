import Glibc

/// The system calls a volume makes; the seam where a simulated disk is put in place of a real one.
///
/// Every method may block. Call it only from a thread that may, as those of a ``BlockingPool`` are.
/// Paths are absolute or relative to the working directory, without a slash at the end.
public protocol FileSystem: Sendable {
    /// Opens a file, or makes it, as `open(2)` does; made files are readable by their owner alone.
    ///
    /// - Throws: ``DiskError`` of operation `.open`: `.notFound`, `.alreadyExists`, …
    func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any OpenFile

    /// Makes one directory, readable by its owner alone, as `mkdir(2)` does.
    ///
    /// - Throws: ``DiskError``: `.alreadyExists`, `.notFound` if its parent is missing, …
    func makeDirectory(_ path: String) throws(DiskError)

    /// The names in a directory, in the order of their UTF-8 bytes, without `.` and `..`.
    func list(_ path: String) throws(DiskError) -> [String]

    /// What a path leads to; `nil` if nothing is there.
    func status(_ path: String) throws(DiskError) -> FileStatus?

    /// Renames `source` to `target`, replacing it, as `rename(2)` does.
    func rename(_ source: String, to target: String) throws(DiskError)

    /// Removes a file's name, as `unlink(2)` does; open files keep their bytes.
    func remove(_ path: String) throws(DiskError)

    /// Removes a directory that is empty, as `rmdir(2)` does.
    ///
    /// - Throws: ``DiskError`` of operation `.remove`: `.notFound`, `.notADirectory`, `.other` if
    ///   something is in it, …
    func removeDirectory(_ path: String) throws(DiskError)

    /// Flushes a directory's entries to the device, as `fsync(2)` on its descriptor does.
    func synchronizeDirectory(_ path: String) throws(DiskError)

    /// Takes the exclusive lock of a file, which is made if it is missing; held until the lock
    /// goes away or the process ends.
    ///
    /// - Throws: ``DiskError`` with code `.locked` if another holder has it.
    func lock(_ path: String) throws(DiskError) -> any FileLock

    /// How much room there is on the disk that holds a path.
    func space(at path: String) throws(DiskError) -> DiskSpace
}

/// The exclusive lock of a file; given back when the value goes away.
public protocol FileLock: AnyObject, Sendable {}

/// How a file is opened.
public enum FileAccess: Sendable, Hashable {
    /// Must exist; for reading.
    case readOnly
    /// Must exist; for reading and writing.
    case readWrite
    /// Must not exist; made empty, for reading and writing.
    case createNew
    /// Made if missing and emptied if not, for reading and writing.
    case createOrReplace
}

/// What a path leads to.
public struct FileStatus: Sendable, Hashable {
    /// The kinds of things in a directory that matter here.
    public enum Kind: Sendable, Hashable {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A device, a socket or another thing that is never read or written here.
        case other
    }

    /// What it is.
    public let kind: Kind
    /// The length of a file, in bytes.
    public let sizeBytes: Int64
    /// What it takes on the disk, in bytes; less than the size if the file has holes.
    public let allocatedBytes: Int64

    /// Makes a status of its values.
    public init(kind: Kind, sizeBytes: Int64, allocatedBytes: Int64) {
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.allocatedBytes = allocatedBytes
    }
}

/// The room on a disk.
public struct DiskSpace: Sendable, Hashable {
    /// What this process may still fill, in bytes.
    public let availableBytes: Int64
    /// The size of the disk, in bytes.
    public let totalBytes: Int64

    /// Makes a report of its values.
    public init(availableBytes: Int64, totalBytes: Int64) {
        self.availableBytes = availableBytes
        self.totalBytes = totalBytes
    }
}

extension FileSystem {
    /// Makes a directory and those above it that are missing, each flushed into its parent.
    ///
    /// A directory that is there already is left as it is.
    public func makeDirectories(_ path: String) throws(DiskError) {
        if let status = try status(path) {
            guard status.kind == .directory else {
                throw DiskError(errorNumber: ENOTDIR, .makeDirectory, path: path)
            }
            return
        }
        let parent = Self.parent(of: path)
        if parent != path { try makeDirectories(parent) }
        do {
            try makeDirectory(path)
        } catch  where error.code == .alreadyExists {
            return
        }
        try synchronizeDirectory(parent)
    }

    /// Flushes a directory, and its name and those of the directories above it into their parents.
    ///
    /// A parent that this process may not read, or of a file system that nothing can be made in, was made
    /// by somebody else and is left to them.
    public func synchronizeDirectories(_ path: String) throws(DiskError) {
        try synchronizeDirectory(path)
        var path = path
        while Self.parent(of: path) != path {
            path = Self.parent(of: path)
            do {
                try synchronizeDirectory(path)
            } catch {
                switch error.code {
                case .permissionDenied, .readOnly, .unsupported: continue
                default: throw error
                }
            }
        }
    }

    /// The directory that holds a path: `"."` for a bare name, `"/"` for what is at the top.
    public static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
