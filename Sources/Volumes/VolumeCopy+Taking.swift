import DiskIO
import StorageModel

extension VolumeCopy {
    /// The name of the file whose lock a volume has, and a copy that is to be one.
    public static let lockName = "volume.lock"

    /// Takes the directory, which must be there, as a process takes a volume.
    ///
    /// - Returns: The lock, held for as long as it lives.
    /// - Throws: `.inUse`, `.writeFailed`.
    public func lock() throws(VolumeError) -> any FileLock {
        do throws(DiskError) {
            return try fileSystem.lock(layout.lock)
        } catch  where error.code == .locked {
            throw .inUse(directory: directory)
        } catch {
            throw VolumeError(writing: error)
        }
    }

    /// Removes what was copied, and nothing else.
    ///
    /// - Parameter names: Small files at the top that were copied as well.
    /// - Throws: `.readFailed`, `.writeFailed`.
    public func removeAll(and names: [String]) throws(VolumeError) {
        try writing { () throws(DiskError) in
            for folder in (try? fileSystem.list(layout.blobs)) ?? [] {
                try remove(folder: "\(layout.blobs)/\(folder)")
            }
            for folder in [layout.blobs, layout.log, layout.snapshots] {
                try remove(folder: folder)
            }
            for name in names {
                for path in ["\(directory)/\(name)", "\(directory)/\(name).new"]
                where try fileSystem.status(path)?.kind == .file {
                    try fileSystem.remove(path)
                }
            }
            try fileSystem.synchronizeDirectory(directory)
        }
    }

    private func remove(folder path: String) throws(DiskError) {
        guard try fileSystem.status(path)?.kind == .directory else { return }
        for name in try fileSystem.list(path) { try fileSystem.remove("\(path)/\(name)") }
        try fileSystem.removeDirectory(path)
    }
}
