import Glibc

/// The file system of the operating system.
///
/// It has no state. Files and directories that it makes are closed to all but their owner
/// (0600 and 0700), since payloads and secrets lie in them.
public struct PosixFileSystem: FileSystem {
    /// Makes the one there is.
    public init() {}

    /// Opens a file, or makes it; a pipe or a device, which might never end, is refused with `EINVAL`.
    public func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any OpenFile {
        let descriptor = try Self.open(path, access.flags, .open)
        var values = stat()
        let isKnown = fstat(descriptor, &values) == 0
        guard isKnown, [S_IFREG, S_IFDIR].contains(values.st_mode & S_IFMT) else {
            close(descriptor)
            throw DiskError(errorNumber: EINVAL, .open, path: path)
        }
        return PosixFile(descriptor: descriptor, path: path)
    }

    /// Makes one directory.
    public func makeDirectory(_ path: String) throws(DiskError) {
        try Self.check(mkdir(path, 0o700), .makeDirectory, path)
    }

    /// The names in a directory, in the order of their UTF-8 bytes.
    public func list(_ path: String) throws(DiskError) -> [String] {
        guard let directory = opendir(path) else {
            throw DiskError(errorNumber: errno, .list, path: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw DiskError(errorNumber: errno, .list, path: path) }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let name = Self.name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// What a path leads to; `nil` if nothing is there.
    public func status(_ path: String) throws(DiskError) -> FileStatus? {
        var values = stat()
        guard stat(path, &values) == 0 else {
            if errno == ENOENT { return nil }
            throw DiskError(errorNumber: errno, .status, path: path)
        }
        let kind: FileStatus.Kind =
            switch values.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        return FileStatus(
            kind: kind,
            sizeBytes: Int64(values.st_size),
            allocatedBytes: Int64(values.st_blocks) * 512
        )
    }

    /// Renames `source` to `target`, replacing it.
    public func rename(_ source: String, to target: String) throws(DiskError) {
        try Self.check(Glibc.rename(source, target), .rename, source)
    }

    /// Removes a file's name; open files keep their bytes.
    public func remove(_ path: String) throws(DiskError) {
        try Self.check(unlink(path), .remove, path)
    }

    /// Removes a directory that is empty.
    public func removeDirectory(_ path: String) throws(DiskError) {
        try Self.check(rmdir(path), .remove, path)
    }

    /// Flushes a directory's entries to the device.
    public func synchronizeDirectory(_ path: String) throws(DiskError) {
        let descriptor = try Self.open(
            path,
            O_RDONLY | O_DIRECTORY | O_CLOEXEC,
            .synchronizeDirectory
        )
        defer { close(descriptor) }
        try Self.check(fsync(descriptor), .synchronizeDirectory, path)
    }

    /// Takes the exclusive lock of a file, which is made if it is missing.
    public func lock(_ path: String) throws(DiskError) -> any FileLock {
        let descriptor = try Self.open(path, O_RDWR | O_CREAT | O_CLOEXEC, .lock)
        let lock = PosixFileLock(descriptor: descriptor)
        try Self.check(flock(descriptor, LOCK_EX | LOCK_NB), .lock, path)
        return lock
    }

    /// How much room there is on the disk that holds a path.
    public func space(at path: String) throws(DiskError) -> DiskSpace {
        var values = statvfs()
        try Self.check(statvfs(path, &values), .space, path)
        let blockBytes = UInt64(values.f_frsize)
        let available = UInt64(values.f_bavail).multipliedReportingOverflow(by: blockBytes)
        let total = UInt64(values.f_blocks).multipliedReportingOverflow(by: blockBytes)
        return DiskSpace(
            availableBytes: available.overflow
                ? Int64.max : Int64(clamping: available.partialValue),
            totalBytes: total.overflow ? Int64.max : Int64(clamping: total.partialValue)
        )
    }

    private static func open(_ path: String, _ flags: Int32, _ operation: DiskError.Operation)
        throws(DiskError) -> Int32
    {
        while true {
            let descriptor = Glibc.open(path, flags, 0o600)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else {
                throw DiskError(errorNumber: errno, operation, path: path)
            }
        }
    }

    private static func check(
        _ status: Int32,
        _ operation: DiskError.Operation,
        _ path: String
    ) throws(DiskError) {
        guard status == 0 else { throw DiskError(errorNumber: errno, operation, path: path) }
    }

    /// The name in a directory entry, whose memory may end before the field's full width.
    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        guard let field = entry.pointer(to: \.d_name) else { return "." }
        return String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
    }
}

extension FileAccess {
    /// The flags of `open(2)`.
    fileprivate var flags: Int32 {
        switch self {
        case .readOnly: O_RDONLY | O_CLOEXEC | O_NONBLOCK
        case .readWrite: O_RDWR | O_CLOEXEC | O_NONBLOCK
        case .createNew: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NONBLOCK
        case .createOrReplace: O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK
        }
    }
}

/// A lock held on an open descriptor; the system gives it back when the descriptor is closed.
private final class PosixFileLock: FileLock {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
