/// A system call on files that failed: what was tried, on what, and why.
public struct DiskError: Error, Hashable, Sendable {
    /// What callers tell apart.
    public enum Code: Hashable, Sendable {
        /// Nothing is at the path.
        case notFound
        /// Something is at the path already.
        case alreadyExists
        /// The process may not do this.
        case permissionDenied
        /// The disk, or the share of it that this user may fill, is full.
        case outOfSpace
        /// The device failed to read or write.
        case inputOutput
        /// A directory was needed and something else is there.
        case notADirectory
        /// A file was needed and a directory is there.
        case isADirectory
        /// Another holder has the lock.
        case locked
        /// The file system is mounted read-only.
        case readOnly
        /// The process or the system has no descriptors left.
        case tooManyOpenFiles
        /// The file system cannot do this.
        case unsupported
        /// The simulated machine has lost its power; every call says so.
        case crashed
        /// Anything else; the error number says what.
        case other
    }

    /// The system calls.
    public enum Operation: Hashable, Sendable {
        case open, makeDirectory, list, status, rename, remove, synchronizeDirectory, lock, space
        case read, write, synchronizeData, writeback, truncate, punchHole, size
    }

    /// What callers tell apart.
    public let code: Code
    /// The system's `errno`; 0 if the failure was found without a call.
    public let errorNumber: Int32
    /// What was tried.
    public let operation: Operation
    /// On what.
    public let path: String

    /// Makes an error of its parts.
    public init(_ code: Code, errorNumber: Int32, _ operation: Operation, path: String) {
        self.code = code
        self.errorNumber = errorNumber
        self.operation = operation
        self.path = path
    }
}
