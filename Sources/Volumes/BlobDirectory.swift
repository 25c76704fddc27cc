import DiskIO
import StorageFormats
import StorageModel
import Synchronization

/// The blob files of a volume: which are open, which are being written, and their directories.
///
/// State: guarded by `state`; the directories that were made, guarded by `fanOut`.
final class BlobDirectory: Sendable {
    private struct State {
        var cache: OpenBlobCache
        var written: Set<BlobID> = []
    }

    let layout: VolumeLayout
    let fileSystem: any FileSystem
    let health: VolumeHealth
    let volumeID: UniqueID
    private let random: @Sendable () -> UInt64
    private let state: Mutex<State>
    private let fanOut: Mutex<Set<String>>

    init(
        layout: VolumeLayout,
        fileSystem: any FileSystem,
        health: VolumeHealth,
        volumeID: UniqueID,
        fanOut: Set<String>,
        configuration: VolumeConfiguration
    ) {
        self.layout = layout
        self.fileSystem = fileSystem
        self.health = health
        self.volumeID = volumeID
        random = configuration.random
        self.fanOut = Mutex(fanOut)
        state = Mutex(
            State(
                cache: OpenBlobCache(
                    countMax: configuration.openBlobsMax,
                    tableBytesMax: configuration.checksumTableBytesMax
                )
            )
        )
    }

    // MARK: - Writing

    func create() throws(VolumeError) -> BlobWriter {
        while true {
            // 63 bits, so that the number fits a signed column; a number that was used is drawn
            // again with a chance of one in 2^63 per blob ever made.
            if let writer = try create(BlobID(random() >> 1)) { return writer }
        }
    }

    /// Begins a blob; nil if there is one of that number.
    func create(_ id: BlobID) throws(VolumeError) -> BlobWriter? {
        try holds(id) ? nil : createCopy(of: id)
    }

    /// Begins a blob that takes the place of what is there, if anything, when it is finished; nil if
    /// somebody writes it already.
    func createCopy(of id: BlobID) throws(VolumeError) -> BlobWriter? {
        try health.checkWritable()
        guard state.withLock({ $0.written.insert(id).inserted }) else { return nil }
        do throws(DiskError) {
            try makeDirectory(of: id)
            let file = try fileSystem.open(layout.unfinishedBlob(id), .createOrReplace)
            return BlobWriter(id: id, file: file, directory: self)
        } catch {
            forgetWriter(of: id)
            throw VolumeError(writing: error)
        }
    }

    /// A blob was replaced: those who open it from now on find the new file.
    func replaced(_ id: BlobID) {
        state.withLock { $0.cache.remove(id) }
    }

    /// Whether there is a blob of a number.
    func holds(_ id: BlobID) throws(VolumeError) -> Bool {
        do throws(DiskError) {
            return try fileSystem.status(layout.blob(id)) != nil
        } catch {
            throw .readFailed(error)
        }
    }

    /// Whether a blob is open, so that reading it may not have to wait.
    func isOpen(_ id: BlobID) -> Bool {
        state.withLock { $0.cache.blob(id) != nil }
    }

    /// Makes the directory of a blob and flushes its name, once.
    private func makeDirectory(of id: BlobID) throws(DiskError) {
        let name = VolumeLayout.fanOut(id)
        try fanOut.withLock { made throws(DiskError) in
            guard !made.contains(name) else { return }
            do throws(DiskError) {
                try fileSystem.makeDirectory(layout.blobDirectory(id))
            } catch  where error.code == .alreadyExists {
                // An earlier attempt made it and could not flush its name.
            }
            try fileSystem.synchronizeDirectory(layout.blobs)
            made.insert(name)
        }
    }

    /// A writer is done with its blob, in one way or the other.
    func forgetWriter(of id: BlobID) {
        state.withLock { _ = $0.written.remove(id) }
    }

    // MARK: - Removing

    func remove(_ id: BlobID) throws(VolumeError) {
        state.withLock { $0.cache.remove(id) }
        do throws(DiskError) {
            try fileSystem.remove(layout.blob(id))
        } catch  where error.code == .notFound {
            return
        } catch {
            throw .writeFailed(error)
        }
    }

    func sweep(keeping isKept: (BlobID) -> Bool) throws(VolumeError) -> Int {
        var removed = 0
        for directory in try names(in: layout.blobs) {
            for name in try names(in: "\(layout.blobs)/\(directory)") {
                if try removeUnfinished(name, in: "\(layout.blobs)/\(directory)") {
                    removed += 1
                    continue
                }
                guard let id = VolumeLayout.blobID(ofName: name),
                    VolumeLayout.fanOut(id) == directory, !isKept(id),
                    !state.withLock({ $0.written.contains(id) })
                else { continue }
                try remove(id)
                removed += 1
            }
        }
        return removed
    }

    /// Removes a blob that was being written when a process ended; false if the name is another's.
    private func removeUnfinished(_ name: String, in directory: String) throws(VolumeError) -> Bool
    {
        guard name.hasSuffix(VolumeLayout.unfinishedSuffix),
            let id = VolumeLayout.blobID(
                ofName: String(name.dropLast(VolumeLayout.unfinishedSuffix.count))
            ), !state.withLock({ $0.written.contains(id) })
        else { return false }
        do throws(DiskError) {
            try fileSystem.remove("\(directory)/\(name)")
        } catch {
            throw .writeFailed(error)
        }
        return true
    }

    private func names(in directory: String) throws(VolumeError) -> [String] {
        do throws(DiskError) {
            return try fileSystem.list(directory)
        } catch  where error.code == .notADirectory {
            return []
        } catch {
            throw .readFailed(error)
        }
    }

    // MARK: - Reading

    func open(_ id: BlobID, mode: ReadMode) throws(VolumeError) -> OpenBlob? {
        if let blob = state.withLock({ $0.cache.blob(id) }) { return blob }
        guard mode == .mayWait else { return nil }
        let path = layout.blob(id)
        let file: any OpenFile
        do throws(DiskError) {
            file = try fileSystem.open(path, .readOnly)
        } catch  where error.code == .notFound {
            throw .blobMissing(id)
        } catch {
            throw .readFailed(error)
        }
        let blob = try OpenBlob(file: file, id: id, volumeID: volumeID)
        return state.withLock { $0.cache.insert(blob) }
    }
}
