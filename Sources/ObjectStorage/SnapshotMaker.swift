import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

/// Copies the index into the volume, so that it can be made again without the old part of the log.
///
/// The copy is made beside the index first, since SQLite writes to real files alone, and streamed
/// into the volume from there.
struct SnapshotMaker {
    let volume: VolumeSet
    let index: MetadataIndex
    let limits: StoreLimits
    let pace: BackgroundPace
    let logger: Logger

    /// What became of a snapshot.
    enum Outcome: Hashable {
        case made(LogPosition)
        /// The index has not moved since the newest one.
        case alreadyThere
        /// The store is closing.
        case givenUp
    }

    private static let pieceBytes = 1 << 20

    /// How long the index's database is, in bytes.
    var indexBytes: Int64 {
        let status = try? PosixFileSystem().status(IndexFiles(directory: index.directory).database)
        return status?.sizeBytes ?? 0
    }

    /// Makes a snapshot of the index as it is now.
    func make() throws(StoreError) -> Outcome {
        try checkRoom()
        let files = IndexFiles(directory: index.directory)
        files.removeUnfinished()
        defer { files.removeUnfinished() }
        let began = ContinuousClock.now
        let pace = pace
        do {
            guard
                let state = try index.copy(to: files.copy, { pace.goesOn ? .goOn : .giveUp })
            else { return .givenUp }
            if volume.snapshotPositions.last == state.applied { return .alreadyThere }
            guard try stream(files.copy, at: state.applied) else { return .givenUp }
            logger.info(
                "snapshot of the index made",
                metadata: [
                    "position": "\(state.applied.bytes)",
                    "took": "\(ContinuousClock.now - began)",
                ]
            )
            return .made(state.applied)
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: any Error) -> StoreError {
        switch error {
        case let error as VolumeError: StoreError(error)
        case let error as SQLiteError:
            error.code == .outOfSpace ? .outOfSpace : .inputOutputFailed
        case let error as DiskError:
            error.code == .outOfSpace ? .outOfSpace : .inputOutputFailed
        default: .inputOutputFailed
        }
    }

    /// The copy and the snapshot must leave the reserve that deletes live on, or a quarter of what
    /// is left where that is all there is.
    private func checkRoom() throws(StoreError) {
        let needed = 2 * indexBytes
        guard let space = try? volume.space() else { return }
        let available = space.availableBytes
        guard needed <= available - limits.reservedBytes || needed <= available / 4 else {
            throw .outOfSpace
        }
    }

    private func stream(_ path: String, at position: LogPosition) throws -> Bool {
        let source = try PosixFileSystem().open(path, .readOnly)
        source.expectSequentialReading()
        let writer = try volume.createSnapshot(at: position)
        var offset: Int64 = 0
        while true {
            let piece = try source.read(Self.pieceBytes, at: offset)
            guard !piece.isEmpty else { break }
            try piece.withUnsafeBytes { try writer.append($0) }
            offset += Int64(piece.count)
            guard pace.goesOn else {
                writer.discard()
                return false
            }
        }
        try writer.finish()
        return true
    }
}
