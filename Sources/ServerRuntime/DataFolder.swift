import DiskIO
import FoundationEssentials
import Glibc
import Maintenance

/// The files that a server keeps beside its volume: the root keys, and where it can be reached.
///
/// Everything here is small and is read or written at start, at stop, or by a command; nothing on
/// the path of a request.
struct DataFolder {
    /// The longest text that is read, in bytes.
    private static let textBytesMax = 65_536

    let path: String

    var keysFile: String { path + "/keys.env" }
    /// Where clients reach the running server, as a URL; absent while none runs.
    var endpointFile: String { path + "/endpoint" }
    /// Where commands of this machine reach the running server, as `127.0.0.1:PORT`.
    var controlFile: String { path + "/control" }

    /// What the background scrub remembers.
    var scrubFile: String { path + "/scrub.json" }
    /// The directory of the index.
    var index: String { path + "/index" }

    /// The folders that are served together with this one, a line each; absent if it is alone.
    var volumesFile: String { path + "/volumes" }

    /// The file that says that the folder is a volume.
    private var labelFile: String { path + "/volume.json" }

    /// Whether the folder says that it is a volume.
    var holdsVolume: Bool { access(labelFile, F_OK) == 0 }

    /// Whether the folder is a volume, or cannot tell since its disk fails.
    var mayHoldVolume: Bool { !Self.isAbsent(labelFile) }

    /// Whether the folder can be read, as far as its label tells.
    var isReadable: Bool { (try? read(labelFile)) != nil }

    /// Whether the folder's disk does not even say whether the folder is there.
    var isFailing: Bool { access(path, F_OK) != 0 && !Self.namingErrors.contains(errno) }

    /// What the system says of a path that leads nowhere, or not for this user; anything else is said of
    /// a disk.
    private static let namingErrors = [ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG]

    /// Whether nothing is at a path, for certain.
    static func isAbsent(_ path: String) -> Bool {
        access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)
    }

    /// Whether the folder is a backup, finished or not, of which only `nave restore` makes a volume.
    var holdsBackup: Bool {
        access(path + "/log", F_OK) == 0
            && Backup.markNames.contains { access(path + "/" + $0, F_OK) == 0 }
    }

    /// Whether a restore into the folder did not come to its end.
    var holdsPartOfBackup: Bool { access(path + "/" + Restore.markName, F_OK) == 0 }

    /// Refuses what is no volume and would be spoilt as one, since whatever is opened is written to: a
    /// backup, and a folder that was not restored to its end.
    ///
    /// - Throws: ``ServerError/folderIsBackup(path:)``, ``ServerError/restoreUnfinished(path:)``;
    ///   nothing was written.
    func refuseUnlessVolume() throws(ServerError) {
        if holdsBackup { throw .folderIsBackup(path: path) }
        if holdsPartOfBackup { throw .restoreUnfinished(path: path) }
    }

    /// Whether the folder says that it is one of several, or was.
    var isOneOfSeveral: Bool { access(path + "/members.json", F_OK) == 0 }

    /// Whether another process has the volume open.
    var isInUse: Bool {
        let lock = path + "/volume.lock"
        guard !Self.isAbsent(lock) else { return false }
        do throws(DiskError) {
            _ = try PosixFileSystem().lock(lock)
            return false
        } catch {
            return error.code == .locked
        }
    }

    /// Whether two paths lead to one folder.
    func isSame(as other: DataFolder) -> Bool {
        var mine = stat()
        var theirs = stat()
        guard stat(path, &mine) == 0, stat(other.path, &theirs) == 0 else { return false }
        return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino
    }

    /// Makes the folder, readable by its owner alone, if it does not exist.
    ///
    /// - Throws: ``ServerError/folderIsFile(path:)``, ``ServerError/fileUnusable(path:cause:)``.
    func create() throws(ServerError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            if let file = fileInTheWay { throw .folderIsFile(path: file) }
            throw .fileUnusable(path: path, cause: Self.cause(of: error))
        }
    }

    /// The path itself or the nearest directory above that is there, if it is none.
    private var fileInTheWay: String? {
        var rest = path[...]
        while !rest.isEmpty {
            var values = stat()
            if stat(String(rest), &values) == 0 {
                return values.st_mode & S_IFMT == S_IFDIR ? nil : String(rest)
            }
            guard let slash = rest.lastIndex(of: "/") else { return nil }
            rest = rest[..<slash]
        }
        return nil
    }

    /// Reads a small text file; nil if there is none.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``, also where a disk does not tell.
    func read(_ file: String) throws(ServerError) -> String? {
        guard !Self.isAbsent(file) else { return nil }
        do {
            let bytes = try PosixFileSystem().open(file, .readOnly).read(
                Self.textBytesMax + 1,
                at: 0
            )
            guard bytes.count <= Self.textBytesMax,
                let text = String(validating: bytes, as: UTF8.self)
            else { throw ServerError.fileUnusable(path: file, cause: "it is no short text") }
            return text
        } catch let error as DiskError {
            throw .fileUnusable(path: file, cause: Self.cause(of: error.errorNumber, at: file))
        } catch {
            throw .fileUnusable(path: file, cause: "it is no short text")
        }
    }

    /// Publishes a text file of mode 600: written beside its place, flushed, and renamed.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    static func publish(_ text: String, at file: String) throws(ServerError) {
        let temporary = "\(file).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .fileUnusable(path: file, cause: systemCause()) }
        let bytes = Array(text.utf8)
        let isWritten =
            write(descriptor, bytes, bytes.count) == bytes.count
            && fsync(descriptor) == 0
        let cause = systemCause()
        close(descriptor)
        guard isWritten, rename(temporary, file) == 0 else {
            let renameCause = isWritten ? systemCause() : cause
            unlink(temporary)
            throw .fileUnusable(path: file, cause: renameCause)
        }
    }

    /// Removes what says that a server runs; what cannot be removed is overwritten at the next start.
    func removeRuntimeFiles() {
        unlink(endpointFile)
        unlink(controlFile)
    }

    /// The free space for this user on the folder's file system, in bytes; 0 if it cannot be told.
    func freeBytes() -> Int64 {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        let (bytes, overflow) = UInt64(status.f_bavail)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// Makes the names of the folder's files durable, as `fsync(2)` on its descriptor does.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    func synchronize() throws(ServerError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileUnusable(path: path, cause: Self.systemCause()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .fileUnusable(path: path, cause: Self.systemCause())
        }
    }

    /// The system's words for an error, by default the one that just happened.
    static func systemCause(of code: Int32 = errno) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// The system's words for an error at a path; plainer ones for what is neither a file nor a directory,
    /// which is refused unread.
    static func cause(of code: Int32, at path: String) -> String {
        var values = stat()
        guard code == EINVAL, stat(path, &values) == 0,
            ![S_IFREG, S_IFDIR].contains(values.st_mode & S_IFMT)
        else { return systemCause(of: code) }
        return "it is neither a file nor a directory"
    }

    /// The system's words for why Foundation could not use a file.
    static func cause(of error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        guard let posix = error.underlying as? POSIXError else { return "\(error.code)" }
        return strerror(posix.code.rawValue).map { String(cString: $0) } ?? "\(posix.code)"
    }
}
