import FoundationEssentials
import Glibc

/// A folder that goes when its owner is done with it.
struct TemporaryFolder {
    let path: String

    /// Makes an empty folder of mode 700 below `TMPDIR`, or `/tmp`.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    init(below parent: String?) throws(ServerError) {
        var template = Array("\(parent ?? "/tmp")/nave-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else {
            throw .fileUnusable(path: parent ?? "/tmp", cause: DataFolder.systemCause())
        }
        path = made
    }

    /// Removes the folder and what is in it.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    func remove() throws(ServerError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw .fileUnusable(path: path, cause: "\(error)")
        }
    }
}
