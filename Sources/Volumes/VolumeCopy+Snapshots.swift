import DiskIO
import StorageModel

extension VolumeCopy {
    /// Copies a snapshot of the index, unless it is there whole; it is on the disk when this returns.
    ///
    /// The copy is read again and compared with its checksums before it takes its name.
    ///
    /// - Returns: The bytes that were copied.
    /// - Throws: `.blobInvalid`, `.payloadDamaged` with the file of the source if that is damaged,
    ///   `.readFailed`, `.outOfSpace`, `.writeFailed`; what the copy had there before stays.
    public func copy(
        _ snapshot: VolumeAudit.Snapshot,
        from source: VolumeAudit
    ) throws(VolumeError) -> Int64 {
        let path = layout.snapshot(snapshot.position)
        if try isWhole(snapshot, at: path, source) { return 0 }
        let unfinished = path + VolumeLayout.unfinishedSuffix
        try writing { () throws(DiskError) in try fileSystem.makeDirectories(layout.snapshots) }
        let bytes = try copyBytes(of: snapshot, from: source, to: unfinished)
        do throws(VolumeError) {
            try check(snapshot, at: unfinished, source)
        } catch {
            // Litter at worst, which the next backup writes over.
            try? fileSystem.remove(unfinished)
            switch error {
            case .payloadDamaged(_, let offset):
                throw .payloadDamaged(path: snapshot.path, offset: offset)
            case .blobInvalid(_, let fault): throw .blobInvalid(path: snapshot.path, fault)
            default: throw error
            }
        }
        try writing { () throws(DiskError) in
            try fileSystem.rename(unfinished, to: path)
            try fileSystem.synchronizeDirectory(layout.snapshots)
            try fileSystem.synchronizeDirectory(directory)
        }
        return bytes
    }

    private func copyBytes(
        of snapshot: VolumeAudit.Snapshot,
        from source: VolumeAudit,
        to path: String
    ) throws(VolumeError) -> Int64 {
        let from = try reading { () throws(DiskError) in
            try source.files.open(snapshot.path, .readOnly)
        }
        let target = try writing { () throws(DiskError) in
            try fileSystem.open(path, .createOrReplace)
        }
        var offset: Int64 = 0
        while true {
            let piece = try reading { () throws(DiskError) in
                try from.read(Self.pieceBytes, at: offset)
            }
            guard !piece.isEmpty else { break }
            try writing { () throws(DiskError) in try target.write(piece, at: offset) }
            offset += Int64(piece.count)
        }
        try writing { () throws(DiskError) in try target.synchronizeData() }
        return offset
    }

    /// Whether a file of the copy is that snapshot, with every byte.
    private func isWhole(
        _ snapshot: VolumeAudit.Snapshot,
        at path: String,
        _ source: VolumeAudit
    ) throws(VolumeError) -> Bool {
        guard try status(path) != nil else { return false }
        do throws(VolumeError) {
            try check(snapshot, at: path, source)
            return true
        } catch {
            switch error {
            // A sector that cannot be read is written anew with the file.
            case .blobInvalid, .payloadDamaged, .readFailed: return false
            default: throw error
            }
        }
    }

    /// Compares a file of the copy with its checksums.
    private func check(
        _ snapshot: VolumeAudit.Snapshot,
        at path: String,
        _ source: VolumeAudit
    ) throws(VolumeError) {
        let look = VolumeAudit(
            label: source.label,
            originID: source.originID,
            directory: directory,
            fileSystem: fileSystem
        )
        let copied = VolumeAudit.Snapshot(
            position: snapshot.position,
            path: path,
            sizeBytes: snapshot.sizeBytes
        )
        do {
            try look.read(copied) { _ in }
        } catch let error as VolumeError {
            throw error
        } catch {
            throw .volumeFailed
        }
    }

    /// Removes the snapshots but some, and what was being made.
    ///
    /// - Parameter kept: The positions of those that stay.
    /// - Returns: How many files were removed.
    /// - Throws: `.readFailed`, `.writeFailed`.
    public func removeSnapshots(except kept: Set<LogPosition>) throws(VolumeError) -> Int {
        let names: [String]
        do throws(DiskError) { names = try fileSystem.list(layout.snapshots) } catch {
            if error.code == .notFound { return 0 }
            throw .readFailed(error)
        }
        var removed = 0
        for name in names {
            let position = VolumeLayout.snapshotPosition(ofName: name)
            guard position.map({ !kept.contains($0) }) ?? true else { continue }
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
