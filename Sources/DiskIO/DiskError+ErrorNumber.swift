import Glibc

extension DiskError {
    /// Makes an error of the system's `errno`.
    public init(errorNumber: Int32, _ operation: Operation, path: String) {
        self.init(
            Code(errorNumber: errorNumber),
            errorNumber: errorNumber,
            operation,
            path: path
        )
    }
}

extension DiskError.Code {
    /// The code of the system's `errno`.
    init(errorNumber: Int32) {
        self =
            switch errorNumber {
            case ENOENT: .notFound
            case EEXIST: .alreadyExists
            case EACCES, EPERM: .permissionDenied
            case ENOSPC, EDQUOT, EFBIG: .outOfSpace
            case EIO: .inputOutput
            case ENOTDIR: .notADirectory
            case EISDIR: .isADirectory
            case EWOULDBLOCK: .locked
            case EROFS: .readOnly
            case EMFILE, ENFILE: .tooManyOpenFiles
            case EOPNOTSUPP, ENOSYS, EINVAL: .unsupported
            default: .other
            }
    }
}

extension DiskError: CustomStringConvertible {
    /// One line for logs: what was tried, on what, and what the system said.
    public var description: String {
        let cause =
            errorNumber == 0
            ? "\(code)" : "\(code), errno \(errorNumber) (\(Self.text(of: errorNumber)))"
        return "\(operation) \(path): \(cause)"
    }

    private static func text(of errorNumber: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(errorNumber, &buffer, buffer.count) == 0 else { return "unknown" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
