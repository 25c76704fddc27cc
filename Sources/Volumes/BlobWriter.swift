import DiskIO
import StorageFormats
import StorageModel
import Synchronization

/// A blob file that is being written: append, then finish or discard.
///
/// The file gets its name when it is whole and flushed; without a log record that names it, it is
/// litter that the next start sweeps away. One that goes away unfinished is removed.
///
/// State: guarded by `state`; calls go one after the other.
public final class BlobWriter: Sendable {
    private struct State {
        var isOpen = true
        var checksums = BlockChecksums()
        /// Up to where the file was asked to be written out.
        var writebackEnd: Int64 = 0

        var payloadBytes: Int64 { checksums.payloadBytes }
    }

    /// The blob's number.
    public let id: BlobID

    private let file: any OpenFile
    private let directory: BlobDirectory
    private let state = Mutex(State())

    /// The disk is asked to begin writing each time so many bytes have come, so that the flush at
    /// the end finds little left to do.
    private static let writebackBytes: Int64 = 4 << 20

    init(id: BlobID, file: any OpenFile, directory: BlobDirectory) {
        self.id = id
        self.file = file
        self.directory = directory
    }

    deinit {
        discard()
    }

    /// Appends payload bytes.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.blobWriterClosed`; the blob is then discarded.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(VolumeError) {
        guard !bytes.isEmpty else { return }
        try state.withLock { state throws(VolumeError) in
            guard state.isOpen else { throw .blobWriterClosed }
            do throws(DiskError) {
                let offset = Int64(BlobHeader.encodedBytes) + state.payloadBytes
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

    /// Ends the blob; the file and its name are on the disk when this returns.
    ///
    /// - Returns: The whole blob.
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.blobWriterClosed`; the blob is
    ///   then discarded.
    public func finish() throws(VolumeError) -> Extent {
        try state.withLock { state throws(VolumeError) in
            guard state.isOpen else { throw .blobWriterClosed }
            state.checksums.endBlock()
            do throws(VolumeError) {
                try writeEnds(state)
                try flush()
            } catch {
                abandon(&state)
                throw error
            }
            state.isOpen = false
            directory.forgetWriter(of: id)
            directory.replaced(id)
            return .blob(id, offset: 0, lengthBytes: state.payloadBytes)
        }
    }

    /// Removes the file; does nothing after ``finish()``.
    public func discard() {
        state.withLock { state in
            if state.isOpen { abandon(&state) }
        }
    }

    private func writeEnds(_ state: State) throws(VolumeError) {
        let header = BlobHeader(volumeID: directory.volumeID, blobID: id)
        let footer = BlobFooter(
            volumeID: directory.volumeID,
            blobID: id,
            payloadBytes: state.payloadBytes,
            blockChecksums: state.checksums.values
        )
        do throws(DiskError) {
            try file.write(header.encoded(), at: 0)
            try file.write(
                footer.encoded(),
                at: Int64(BlobHeader.encodedBytes) + state.payloadBytes
            )
        } catch {
            throw VolumeError(writing: error)
        }
    }

    private func flush() throws(VolumeError) {
        do throws(DiskError) {
            try file.synchronizeData()
            // Only what is whole has the blob's name, so whoever finds it need not read it first.
            let layout = directory.layout
            try directory.fileSystem.rename(layout.unfinishedBlob(id), to: layout.blob(id))
            try directory.fileSystem.synchronizeDirectory(directory.layout.blobDirectory(id))
        } catch  where error.code == .outOfSpace {
            // Space that is given out late, as by a quota: this file is lost, the disk is well.
            throw .outOfSpace(error)
        } catch {
            directory.health.fail()
            throw .volumeFailed
        }
    }

    private func abandon(_ state: inout State) {
        state.isOpen = false
        directory.forgetWriter(of: id)
        // A file that cannot be removed is litter, which the next start sweeps away.
        try? directory.fileSystem.remove(directory.layout.unfinishedBlob(id))
    }
}
