import DiskIO
import StorageFormats
import StorageModel

/// What shows that a blob was copied before.
public enum CopyTrust: Hashable, Sendable {
    /// A file of its name and length: names are given only to copies that are whole.
    case length
    /// All its bytes fit their checksums.
    case checksums
}

extension VolumeCopy {
    /// Copies a blob, unless it is there.
    ///
    /// The copy is read again and compared with its checksums before it takes its name.
    ///
    /// - Parameters:
    ///   - id: The blob.
    ///   - source: The volume that holds it.
    ///   - trust: What shows that it is there.
    /// - Returns: What was found; `.copied(bytes: 0)` if it was there.
    /// - Throws: `.readFailed`, `.outOfSpace`, `.writeFailed`.
    public func copyBlob(
        _ id: BlobID,
        from source: VolumeAudit,
        trusting trust: CopyTrust
    ) throws(VolumeError) -> BlobOutcome {
        let sourcePath = source.path(of: id)
        let found: FileStatus?
        do throws(DiskError) {
            found = try source.fileSystem.status(sourcePath)
        } catch {
            throw .readFailed(error)
        }
        guard let found else { return .missing }
        let path = layout.blob(id)
        unflushed.insert(VolumeLayout.fanOut(id))
        if try status(path)?.sizeBytes == found.sizeBytes {
            switch trust {
            case .length: return .copied(bytes: 0)
            case .checksums:
                if try fault(of: id, at: path, source) == nil { return .copied(bytes: 0) }
            }
        }
        try makeDirectory(of: id)
        let unfinished = path + VolumeLayout.unfinishedSuffix
        do throws(VolumeError) {
            guard try copyBytes(sourcePath, source.fileSystem, to: unfinished) else {
                return .missing
            }
            let fault = try fault(of: id, at: unfinished, source)
            try writing { () throws(DiskError) in
                try fileSystem.rename(unfinished, to: path)
            }
            guard let fault else { return .copied(bytes: found.sizeBytes) }
            return .damaged(bytes: found.sizeBytes, path: sourcePath, offset: fault.offset)
        } catch {
            // Litter at worst, which the next backup writes over.
            try? fileSystem.remove(unfinished)
            throw error
        }
    }

    /// What the copy of a blob takes; 0 if there is none.
    ///
    /// - Throws: `.readFailed`.
    public func bytes(of id: BlobID) throws(VolumeError) -> Int64 {
        try status(layout.blob(id))?.sizeBytes ?? 0
    }

    private struct Fault {
        let offset: Int64?
    }

    /// The first damage of a blob's copy; nil if it is whole.
    private func fault(
        of id: BlobID,
        at path: String,
        _ source: VolumeAudit
    ) throws(VolumeError) -> Fault? {
        let look = VolumeAudit(
            label: source.label,
            originID: source.originID,
            directory: directory,
            fileSystem: fileSystem
        )
        do throws(VolumeError) {
            var blob = try look.blob(id, at: path)
            while let step = try blob.next() {
                if case .damaged(let offset, _) = step { return Fault(offset: offset) }
            }
            return nil
        } catch .blobInvalid {
            return Fault(offset: nil)
        }
    }

    private func copyBytes(
        _ source: String,
        _ sourceFiles: any FileSystem,
        to target: String
    ) throws(VolumeError) -> Bool {
        let from: any OpenFile
        do throws(DiskError) {
            from = try sourceFiles.open(source, .readOnly)
            from.expectSequentialReading()
        } catch  where error.code == .notFound {
            return false
        } catch {
            throw .readFailed(error)
        }
        let to = try writing { () throws(DiskError) in
            try fileSystem.open(target, .createOrReplace)
        }
        var offset: Int64 = 0
        while true {
            let piece = try reading { () throws(DiskError) in
                try from.read(Self.pieceBytes, at: offset)
            }
            guard !piece.isEmpty else { break }
            try writing { () throws(DiskError) in
                try to.write(piece, at: offset)
                try to.startWriteback(offset..<offset + Int64(piece.count))
            }
            offset += Int64(piece.count)
        }
        try writing { () throws(DiskError) in try to.synchronizeData() }
        return true
    }

    private func makeDirectory(of id: BlobID) throws(VolumeError) {
        try writing { () throws(DiskError) in
            let path = layout.blobDirectory(id)
            if try fileSystem.status(path) == nil { try fileSystem.makeDirectory(path) }
        }
    }

    /// Flushes the names of the blobs that were copied.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`.
    public func synchronizeBlobs() throws(VolumeError) {
        try writing { () throws(DiskError) in try fileSystem.synchronizeDirectory(layout.blobs) }
        for name in unflushed.sorted() {
            try writing { () throws(DiskError) in
                try fileSystem.synchronizeDirectory("\(layout.blobs)/\(name)")
            }
        }
        unflushed = []
    }

    /// The names in a directory of blobs; none if it is missing.
    private func files(in directory: String) throws(VolumeError) -> [String] {
        do throws(DiskError) {
            return try fileSystem.list("\(layout.blobs)/\(directory)")
        } catch  where error.code == .notFound || error.code == .notADirectory {
            return []
        } catch {
            throw .readFailed(error)
        }
    }

    /// Removes the blobs of one directory that the caller does not know.
    ///
    /// - Parameters:
    ///   - directory: The number that the blobs' numbers begin with, 0 to 255.
    ///   - isKept: Says whether a blob is known.
    /// - Returns: How many files were removed.
    /// - Throws: `.readFailed`, `.writeFailed`.
    public func removeBlobs(
        in directory: UInt8,
        keeping isKept: (BlobID) -> Bool
    ) throws(VolumeError) -> Int {
        let name = VolumeLayout.fanOut(BlobID(UInt64(directory) << 56))
        var removed = 0
        for file in try files(in: name) {
            let isLitter = file.hasSuffix(VolumeLayout.unfinishedSuffix)
            let id = VolumeLayout.blobID(ofName: file)
            guard isLitter || id.map({ !isKept($0) }) == true else { continue }
            try writing { () throws(DiskError) in
                try fileSystem.remove("\(layout.blobs)/\(name)/\(file)")
            }
            removed += 1
        }
        return removed
    }
}
