import DiskIO
import StorageFormats
import StorageModel
import Synchronization

/// The snapshots of the index that a volume keeps: copies of it, each at a position of the log.
///
/// What the log holds before a snapshot is not needed to make the index again. Two are kept, so
/// that one may rot, and so only what lies before the older of them may be taken out of the log.
///
/// State: the positions, guarded by `kept`.
final class SnapshotDirectory: Sendable {
    /// How many snapshots are kept.
    static let keptCount = 2

    let layout: VolumeLayout
    let fileSystem: any FileSystem
    let volumeID: UniqueID
    /// Ascending.
    private let kept = Mutex<[LogPosition]>([])

    /// The directory of a volume, none of whose snapshots count before they are found.
    init(layout: VolumeLayout, fileSystem: any FileSystem, volumeID: UniqueID) {
        self.layout = layout
        self.fileSystem = fileSystem
        self.volumeID = volumeID
    }

    /// Finds the snapshots of a volume, and removes those that were being made.
    ///
    /// One whose header cannot be read does not count; it stays where it is until newer ones take
    /// its place.
    ///
    /// - Throws: `.foreign` and `.versionUnknown` name the file; `.readFailed`.
    func find() throws(VolumeError) {
        var found: [LogPosition] = []
        for name in try Self.names(layout, fileSystem) {
            if name.hasSuffix(VolumeLayout.unfinishedSuffix) {
                // Litter of a crash; one that cannot be removed now is replaced or removed later.
                try? fileSystem.remove("\(layout.snapshots)/\(name)")
                continue
            }
            guard let position = VolumeLayout.snapshotPosition(ofName: name),
                let header = try Self.header("\(layout.snapshots)/\(name)", fileSystem)
            else { continue }
            guard header.volumeID == volumeID else {
                throw .foreign(
                    directory: "\(layout.snapshots)/\(name)",
                    expected: volumeID,
                    found: header.volumeID
                )
            }
            if header.position == position { found.append(position) }
        }
        let positions = found.sorted()
        kept.withLock { $0 = positions }
    }

    /// The positions of the snapshots, ascending.
    var positions: [LogPosition] { kept.withLock { $0 } }

    /// Begins a snapshot; the directory was made when the volume was opened.
    func create(at position: LogPosition) throws(VolumeError) -> SnapshotWriter {
        do throws(DiskError) {
            let path = layout.snapshot(position) + VolumeLayout.unfinishedSuffix
            let file = try fileSystem.open(path, .createOrReplace)
            return SnapshotWriter(position: position, file: file, directory: self)
        } catch {
            throw VolumeError(writing: error)
        }
    }

    /// Gives a whole and flushed file its name, and removes the snapshots that are too many.
    ///
    /// - Throws: ``DiskError``; the snapshot does not count then, though its name may be there.
    func publish(_ position: LogPosition) throws(DiskError) {
        let path = layout.snapshot(position)
        try fileSystem.rename(path + VolumeLayout.unfinishedSuffix, to: path)
        try fileSystem.synchronizeDirectory(layout.snapshots)
        kept.withLock { kept in
            if !kept.contains(position) { kept = (kept + [position]).sorted() }
        }
        try removeOlder()
    }

    /// Removes what is older than the snapshots that are kept, whether it can be read or not.
    ///
    /// Flushed, so that none of them comes back and seems to be one that the log was cleaned after.
    private func removeOlder() throws(DiskError) {
        let kept = positions
        guard kept.count >= Self.keptCount else { return }
        let oldest = kept[kept.count - Self.keptCount]
        var hasRemoved = false
        for name in try fileSystem.list(layout.snapshots) {
            guard let position = VolumeLayout.snapshotPosition(ofName: name), position < oldest
            else { continue }
            forget(position)
            try fileSystem.remove("\(layout.snapshots)/\(name)")
            hasRemoved = true
        }
        if hasRemoved { try fileSystem.synchronizeDirectory(layout.snapshots) }
    }

    /// Removes a snapshot that turned out to be unreadable.
    func remove(_ position: LogPosition) throws(VolumeError) {
        forget(position)
        do throws(DiskError) {
            try fileSystem.remove(layout.snapshot(position))
            try fileSystem.synchronizeDirectory(layout.snapshots)
        } catch  where error.code == .notFound {
            return
        } catch {
            throw .writeFailed(error)
        }
    }

    /// Removes all that is not a snapshot at one of some positions, as far as its name says.
    ///
    /// For a volume that holds no log: what lies there is left from before.
    func removeAll(except positions: [LogPosition]) throws(VolumeError) {
        do throws(DiskError) {
            try fileSystem.makeDirectories(layout.snapshots)
            for name in try fileSystem.list(layout.snapshots) {
                let position = VolumeLayout.snapshotPosition(ofName: name)
                let isUnfinished = name.hasSuffix(VolumeLayout.unfinishedSuffix)
                guard isUnfinished || position.map({ !positions.contains($0) }) ?? false
                else { continue }
                try fileSystem.remove("\(layout.snapshots)/\(name)")
            }
            try fileSystem.synchronizeDirectory(layout.snapshots)
        } catch {
            throw VolumeError(writing: error)
        }
    }

    private func forget(_ position: LogPosition) {
        kept.withLock { kept in kept.removeAll { $0 == position } }
    }

    /// Opens a snapshot for reading; every block is verified as it is read.
    func open(_ position: LogPosition) throws(VolumeError) -> OpenBlob {
        let file: any OpenFile
        do throws(DiskError) {
            file = try fileSystem.open(layout.snapshot(position), .readOnly)
        } catch {
            throw .readFailed(error)
        }
        return try OpenBlob(file: file, id: Self.number(of: position), volumeID: volumeID)
    }

    /// What the footer says in the place of a blob's number.
    static func number(of position: LogPosition) -> BlobID {
        BlobID(UInt64(bitPattern: position.bytes))
    }

    private static func names(
        _ layout: VolumeLayout,
        _ fileSystem: any FileSystem
    ) throws(VolumeError) -> [String] {
        do throws(DiskError) {
            return try fileSystem.list(layout.snapshots)
        } catch  where error.code == .notFound {
            return []
        } catch {
            throw .readFailed(error)
        }
    }

    private static func header(
        _ path: String,
        _ fileSystem: any FileSystem
    ) throws(VolumeError) -> SnapshotHeader? {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try fileSystem.open(path, .readOnly).read(SnapshotHeader.encodedBytes, at: 0)
        } catch {
            // Nothing depends on one that cannot be read but the next, which takes its place.
            return nil
        }
        let header = bytes.withUnsafeBytes { bytes in
            Result { () throws(FormatError) in try SnapshotHeader(decoding: bytes) }
        }
        switch header {
        case .success(let header): return header
        case .failure(.versionUnknown(let version)):
            throw .versionUnknown(path: path, version: version)
        case .failure: return nil
        }
    }
}
