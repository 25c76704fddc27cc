import DiskIO

/// Makes a small file appear under its name only when it is whole and on the disk.
package enum AtomicPublish {
    /// Writes the file beside its place, flushes it, renames it and flushes the directory.
    ///
    /// - Parameters:
    ///   - bytes: What the file holds.
    ///   - path: Its final name; a file of that name is replaced.
    ///   - directory: The directory that holds it.
    ///   - fileSystem: The disk.
    /// - Returns: The file, open for reading and writing.
    /// - Throws: ``DiskError``; with the operation `.synchronizeDirectory` the name may be there.
    @discardableResult
    package static func publish(
        _ bytes: [UInt8],
        as path: String,
        in directory: String,
        _ fileSystem: any FileSystem
    ) throws(DiskError) -> any OpenFile {
        let unfinished = path + VolumeLayout.unfinishedSuffix
        let file = try fileSystem.open(unfinished, .createOrReplace)
        do throws(DiskError) {
            try file.write(bytes, at: 0)
            try file.synchronizeData()
            try fileSystem.rename(unfinished, to: path)
        } catch {
            // Litter at worst: the next start removes it.
            try? fileSystem.remove(unfinished)
            throw error
        }
        try fileSystem.synchronizeDirectory(directory)
        return file
    }
}
