import Glibc

/// The question whether a certificate or key file can be opened at all.
enum HTTPTransportFile {
    /// Whether the path names a file that this process may read.
    static func isReadable(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }
}
