import DiskIO
import StorageModel

extension VolumeCopy {
    /// Copies a snapshot of the index, unless it is there; it is on the disk when this returns.
    ///
    /// - Returns: The bytes that were copied.
    /// - Throws: `.blobInvalid`, `.payloadDamaged` if the source is damaged, `.readFailed`,
    ///   `.outOfSpace`, `.writeFailed`; the snapshot is then not there.
    public func copy(
        _ snapshot: VolumeAudit.Snapshot,
        from source: VolumeAudit
    ) throws -> Int64 {
        let path = layout.snapshot(snapshot.position)
        let size = try reading { () throws(DiskError) in
            try source.files.status(snapshot.path)?.sizeBytes
        }
        if let size, try status(path)?.sizeBytes == size { return 0 }
        // Each block is compared with its checksum; the file with header and footer is what is copied.
        try source.read(snapshot) { _ in }
        let unfinished = path + VolumeLayout.unfinishedSuffix
        try writing { () throws(DiskError) in try fileSystem.makeDirectories(layout.snapshots) }
        let from = try reading { () throws(DiskError) in
            try source.files.open(snapshot.path, .readOnly)
        }
        let target = try writing { () throws(DiskError) in
            try fileSystem.open(unfinished, .createOrReplace)
        }
        var offset: Int64 = 0
        while true {
            let piece = try reading { () throws(DiskError) in try from.read(1 << 20, at: offset) }
            guard !piece.isEmpty else { break }
            try writing { () throws(DiskError) in try target.write(piece, at: offset) }
            offset += Int64(piece.count)
        }
        try writing { () throws(DiskError) in
            try target.synchronizeData()
            try fileSystem.rename(unfinished, to: path)
            try fileSystem.synchronizeDirectory(layout.snapshots)
            try fileSystem.synchronizeDirectory(directory)
        }
        return offset
    }

    /// Removes the snapshots but one, and what was being made.
    ///
    /// - Parameter kept: The position of the one that stays; nil for none.
    /// - Returns: How many files were removed.
    /// - Throws: `.readFailed`, `.writeFailed`.
    public func removeSnapshots(except kept: LogPosition?) throws(VolumeError) -> Int {
        let names: [String]
        do throws(DiskError) { names = try fileSystem.list(layout.snapshots) } catch {
            if error.code == .notFound { return 0 }
            throw .readFailed(error)
        }
        var removed = 0
        for name in names {
            if let kept, VolumeLayout.snapshotPosition(ofName: name) == kept { continue }
            try writing { () throws(DiskError) in
                try fileSystem.remove("\(layout.snapshots)/\(name)")
            }
            removed += 1
        }
        return removed
    }

    /// Removes the segments of the log but some, and what was being made.
    ///
    /// - Parameter kept: The addresses of those that stay.
    /// - Returns: How many were removed.
    /// - Throws: `.readFailed`, `.writeFailed`.
    public func removeLog(except kept: Set<LogPosition>) throws(VolumeError) -> Int {
        let names = try reading { () throws(DiskError) in try fileSystem.list(layout.log) }
        var removed = 0
        for name in names {
            let isLitter = name.hasSuffix(VolumeLayout.unfinishedSuffix)
            let first = VolumeLayout.segmentPosition(ofName: name)
            guard isLitter || first.map({ !kept.contains($0) }) == true else { continue }
            try writing { () throws(DiskError) in try fileSystem.remove("\(layout.log)/\(name)") }
            removed += 1
        }
        return removed
    }
}
