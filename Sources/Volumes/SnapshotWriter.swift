import DiskIO
import StorageFormats
import StorageModel
import Synchronization

/// A snapshot of the index that is being written: append, then finish or discard.
///
/// The file has another name until it is whole; one that goes away unfinished is removed.
///
/// State: guarded by `state`; calls go one after the other.
public final class SnapshotWriter: Sendable {
    private struct State {
        var isOpen = true
        var checksums = BlockChecksums()
        /// Up to where the file was asked to be written out.
        var writebackEnd: Int64 = 0
    }

    /// The position of the log that the index had applied.
    public let position: LogPosition

    private let file: any OpenFile
    private let directory: SnapshotDirectory
    private let state = Mutex(State())

    /// The disk is asked to begin writing each time so many bytes have come, so that the flush at
    /// the end finds little left to do and holds up no other flush.
    private static let writebackBytes: Int64 = 4 << 20

    init(position: LogPosition, file: any OpenFile, directory: SnapshotDirectory) {
        self.position = position
        self.file = file
        self.directory = directory
    }

    deinit {
        discard()
    }

    /// Appends bytes of the database.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.blobWriterClosed`; the snapshot is then discarded.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(VolumeError) {
        guard !bytes.isEmpty else { return }
        try state.withLock { state throws(VolumeError) in
            guard state.isOpen else { throw .blobWriterClosed }
            do throws(DiskError) {
                let offset = Int64(SnapshotHeader.encodedBytes) + state.checksums.payloadBytes
                try file.write(bytes, at: offset)
                state.checksums.take(bytes)
                let end = offset + Int64(bytes.count)
                if end - state.writebackEnd >= Self.writebackBytes {
                    try file.startWriteback(state.writebackEnd..<end)
                    state.writebackEnd = end
                }
            } catch {
                abandon(&state)
                throw VolumeError(writing: error)
            }
        }
    }

    /// Ends the snapshot; it is on the disk, whole and under its name, when this returns.
    ///
    /// Snapshots older than the two newest are removed.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.blobWriterClosed`; the snapshot does not count
    ///   then.
    public func finish() throws(VolumeError) {
        try state.withLock { state throws(VolumeError) in
            guard state.isOpen else { throw .blobWriterClosed }
            state.checksums.endBlock()
            do throws(DiskError) {
                try writeEnds(state.checksums)
                try file.synchronizeData()
                try directory.publish(position)
                state.isOpen = false
            } catch {
                abandon(&state)
                throw VolumeError(writing: error)
            }
        }
    }

    /// Removes the file; does nothing after ``finish()``.
    public func discard() {
        state.withLock { state in
            if state.isOpen { abandon(&state) }
        }
    }

    private func writeEnds(_ checksums: BlockChecksums) throws(DiskError) {
        let header = SnapshotHeader(volumeID: directory.volumeID, position: position)
        let footer = BlobFooter(
            volumeID: directory.volumeID,
            blobID: SnapshotDirectory.number(of: position),
            payloadBytes: checksums.payloadBytes,
            blockChecksums: checksums.values
        )
        try file.write(
            footer.encoded(),
            at: Int64(SnapshotHeader.encodedBytes) + checksums.payloadBytes
        )
        try file.write(header.encoded(), at: 0)
    }

    private func abandon(_ state: inout State) {
        state.isOpen = false
        // One that cannot be removed is litter, which the next start sweeps away; it is not there
        // under this name if only the flush of its directory failed.
        let path = directory.layout.snapshot(position) + VolumeLayout.unfinishedSuffix
        try? directory.fileSystem.remove(path)
    }
}
