import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

/// Opens the index of some volumes in a directory and brings it forward to the end of the log.
///
/// In this order: the index that is there; the newest snapshot that can be read on any volume, and
/// the log from its position; an older one; an empty index and the whole log, where all of it is still there.
struct IndexOpening {
    let configuration: ObjectStoreConfiguration
    let volume: VolumeSet
    /// Where it is, or is made.
    let directory: String
    let logger: Logger

    /// An index that holds all that the log holds.
    struct Current {
        let opened: MetadataIndex.Opened
        /// What it was made from.
        let origin: Origin
        /// How many changes were applied.
        let replayed: Int
    }

    /// What an index was made from.
    enum Origin: Hashable {
        case existing
        case snapshot(LogPosition)
        case log
    }

    private var files: IndexFiles { IndexFiles(directory: directory) }
    private var volumeName: String { volume.originID.description }

    /// Opens or makes the index.
    ///
    /// - Throws: What made the last attempt fail; ``StoreOpenFailure/indexLost(directory:)`` if the
    ///   log alone is too short and no snapshot can be read.
    func open() throws -> Current {
        try prepare()
        if let current = try existing() { return current }
        return try replaced()
    }

    /// Makes the index, whatever is in the directory.
    ///
    /// All that the log holds must be flushed, and nothing may be appended meanwhile.
    ///
    /// - Throws: As ``open()``.
    func make() throws -> Current {
        try prepare()
        return try replaced()
    }

    private func prepare() throws {
        try PosixFileSystem().makeDirectories(directory)
        try MetadataIndex.checkWritable(directory)
        files.removeUnfinished()
    }

    private func replaced() throws -> Current {
        let current = try made()
        MetadataIndex.clearDamagedMark(in: directory)
        return current
    }

    /// Whether an error says that nothing can be put into the directory, whatever it is made of.
    private static func isOfDirectory(_ error: any Error) -> Bool {
        switch error {
        case let error as SQLiteError:
            error.code == .inputOutput || error.code == .readOnly || error.code == .cannotOpen
        case let error as DiskError: error.code != .outOfSpace
        default: false
        }
    }

    /// Makes an index of the newest snapshot that can be read, or of the log alone.
    private func made() throws -> Current {
        var unreadable: [StoredSnapshot] = []
        for snapshot in volume.storedSnapshots where isBehindDamage(snapshot.position) {
            do {
                let current = try restored(snapshot)
                forget(unreadable)
                return current
            } catch {
                if Self.isOfDirectory(error) { throw error }
                logger.warning(
                    "snapshot of the index passed over",
                    metadata: [
                        "position": "\(snapshot.position.bytes)",
                        "directory": "\(snapshot.directory)", "error": "\(error)",
                    ]
                )
                if Self.isRotten(error) { unreadable.append(snapshot) }
            }
        }
        return try madeAnew()
    }

    /// Whether an error says that the snapshot's own bytes are not what was written.
    private static func isRotten(_ error: any Error) -> Bool {
        switch error {
        case VolumeError.payloadDamaged, VolumeError.blobInvalid: true
        default: false
        }
    }

    private func existing() throws -> Current? {
        guard !MetadataIndex.isMarkedDamaged(in: directory) else {
            logger.warning("the index was found damaged and is made anew")
            return nil
        }
        warnOfLoss()
        guard
            let opened = try MetadataIndex.openUsable(
                directory: directory,
                volume: volumeName,
                log: volume.replayStart..<volume.logEnd
            )
        else { return nil }
        do {
            try check(opened)
            return Current(opened: opened, origin: .existing, replayed: try replay(opened))
        } catch let error as SQLiteError where error.code == .outOfSpace {
            // That says nothing about what is there.
            opened.index.close()
            throw error
        } catch {
            logger.warning(
                "index is not what was written, or does not fit the log; it is made anew",
                metadata: ["error": "\(error)"]
            )
            opened.index.close()
            return nil
        }
    }

    /// Says that a power loss took what was acknowledged without a flush, where it did.
    private func warnOfLoss() {
        let state = MetadataIndex.state(directory: directory)
        guard let state, state.volume == volumeName, state.applied > volume.logEnd else { return }
        logger.warning(
            "the log lost what was acknowledged but not flushed; the index is made anew",
            metadata: [
                "lost": "\(state.applied.bytes - volume.logEnd.bytes) bytes",
                "end": "\(volume.logEnd.bytes)",
            ]
        )
    }

    /// Whether an index is what was written, as far as that must be known before a store is opened by
    /// it, and fits the log.
    ///
    /// The log may have lost what the index holds, and gone on with other records since: then no
    /// record that ends where the index has come to has the same history.
    private func check(_ opened: MetadataIndex.Opened) throws {
        let state = opened.writer.state
        // Blobs that it does not name are removed.
        guard try opened.writer.holdsItsBlobs() else { throw Misfit.blobsDamaged }
        _ = try opened.writer.reader.namespaces()
        _ = try opened.writer.reader.principals()
        guard let chain = state.chain else { return }
        guard try volume.chain(at: state.applied) == chain else {
            throw Misfit.historyDiffers(at: state.applied)
        }
    }

    /// Why an index is of no use that could be opened.
    private enum Misfit: Error {
        case historyDiffers(at: LogPosition)
        case blobsDamaged
    }

    /// Puts a snapshot in the place of the index.
    private func restored(_ snapshot: StoredSnapshot) throws -> Current {
        let position = snapshot.position
        try copy(try snapshot.open(), to: files.restored)
        try MetadataIndex.replace(in: directory, with: files.restored)
        guard
            let opened = try MetadataIndex.openUsable(
                directory: directory,
                volume: volumeName,
                log: position..<volume.logEnd
            )
        else { throw StoreOpenFailure.indexLost(directory: directory) }
        try check(opened)
        return Current(
            opened: opened,
            origin: .snapshot(position),
            replayed: try replay(opened)
        )
    }

    /// Every block is verified before it is written.
    private func copy(_ snapshot: OpenBlob, to path: String) throws {
        let target = try PosixFileSystem().open(path, .createOrReplace)
        let pieceBytes: Int64 = 1 << 20
        var offset: Int64 = 0
        while offset < snapshot.payloadBytes {
            let end = min(offset + pieceBytes, snapshot.payloadBytes)
            var piece = [UInt8](repeating: 0, count: Int(end - offset))
            try piece.withUnsafeMutableBytes { buffer in
                _ = try snapshot.read(offset..<end, into: buffer, mode: .mayWait)
            }
            try target.write(piece, at: offset)
            offset = end
        }
    }

    /// Whether an index at a position needs no record that cannot be read: the index in use, whatever is
    /// wrong with it, is then not given up for one that could not be brought forward.
    private func isBehindDamage(_ position: LogPosition) -> Bool {
        volume.passedDamage.allSatisfy { $0.position < position }
    }

    private func madeAnew() throws -> Current {
        if let damage = volume.passedDamage.first {
            guard damage.kind != .segmentMissing else {
                throw VolumeError.snapshotsMissing(directory: damage.path)
            }
            throw VolumeError.logDamaged(path: damage.path, offset: damage.offset)
        }
        guard volume.logStart == LogPosition(0) else {
            throw StoreOpenFailure.indexLost(directory: directory)
        }
        let opened = try MetadataIndex.openAnew(
            directory: directory,
            volume: volumeName,
            logStart: volume.logStart
        )
        return Current(opened: opened, origin: .log, replayed: try replay(opened))
    }

    private func replay(_ opened: MetadataIndex.Opened) throws -> Int {
        let batchMax = configuration.limits.replayBatchMax
        let replay = LogReplay(volume: volume, writer: opened.writer, batchMax: batchMax)
        let count = try replay.run()
        // Opening flushed all that the log holds.
        try opened.writer.noteFlushed()
        return count
    }

    /// Snapshots that cannot be read must not count as those that the log was cleaned after.
    private func forget(_ snapshots: [StoredSnapshot]) {
        for snapshot in snapshots {
            do throws(VolumeError) {
                try snapshot.remove()
            } catch {
                logger.warning(
                    "unreadable snapshot not removed",
                    metadata: [
                        "position": "\(snapshot.position.bytes)",
                        "directory": "\(snapshot.directory)", "error": "\(error)",
                    ]
                )
            }
        }
    }
}
