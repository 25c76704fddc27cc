import StorageFormats
import StorageModel

/// Copies the snapshots of the index to a volume that is about to hold the log.
///
/// The log that it gets has the gaps and holes of the others' logs, which the older of the two newest
/// snapshots accounts for; so they come first.
struct SnapshotCopy {
    let sources: [Volume]
    let target: Volume

    private static let pieceBytes: Int64 = 1 << 20

    /// - Parameters:
    ///   - sources: The volumes that hold the log; the first is the one whose log is copied.
    ///   - target: The volume that gets them.
    init(from sources: [Volume], to target: Volume) {
        self.sources = sources
        self.target = target
    }

    /// Puts the newest snapshots on the volume, and removes others that lie there.
    ///
    /// One of which no volume has a whole copy is left out, unless there is no other.
    ///
    /// - Returns: False when it was cancelled.
    /// - Throws: `.payloadDamaged`, `.blobInvalid`, `.readFailed` if none can be read; the failures
    ///   of writing.
    func run(isCancelled: () -> Bool) throws(VolumeError) -> Bool {
        let wanted = sources.first?.snapshots.positions.suffix(SnapshotDirectory.keptCount) ?? []
        try target.snapshots.removeAll(except: Array(wanted))
        try target.snapshots.find()
        var copied = 0
        var failure: VolumeError?
        for position in wanted {
            do throws(VolumeError) {
                guard try put(position, isCancelled) else { return false }
                copied += 1
            } catch .payloadDamaged(let path, let offset) {
                failure = .payloadDamaged(path: path, offset: offset)
            } catch .blobInvalid(let path, let error) {
                failure = .blobInvalid(path: path, error)
            } catch .readFailed(let error) {
                failure = .readFailed(error)
            }
        }
        if copied == 0, let failure { throw failure }
        return true
    }

    private func put(
        _ position: LogPosition,
        _ isCancelled: () -> Bool
    ) throws(VolumeError) -> Bool {
        if target.snapshots.positions.contains(position) {
            if isWhole(position) { return true }
            try target.snapshots.remove(position)
        }
        var failure: VolumeError?
        for source in sources {
            do throws(VolumeError) {
                return try copy(try source.snapshots.open(position), position, isCancelled)
            } catch .outOfSpace(let error) {
                throw .outOfSpace(error)
            } catch .writeFailed(let error) {
                throw .writeFailed(error)
            } catch {
                failure = failure ?? error
            }
        }
        throw failure ?? .volumeFailed
    }

    /// Whether what the volume has there from before can be read to its end.
    private func isWhole(_ position: LogPosition) -> Bool {
        guard let snapshot = try? target.snapshots.open(position) else { return false }
        let isRead = try? pieces(of: snapshot) { _ throws(VolumeError) in true }
        return isRead == true
    }

    private func copy(
        _ snapshot: OpenBlob,
        _ position: LogPosition,
        _ isCancelled: () -> Bool
    ) throws(VolumeError) -> Bool {
        let writer = try target.snapshots.create(at: position)
        defer { writer.discard() }
        let isCopied = try pieces(of: snapshot) { piece throws(VolumeError) in
            guard !isCancelled() else { return false }
            try writer.append(piece)
            return true
        }
        guard isCopied else { return false }
        try writer.finish()
        return true
    }

    /// Visits a snapshot piece by piece, each verified, until `visit` says no; says whether it ended.
    private func pieces(
        of snapshot: OpenBlob,
        _ visit: (UnsafeRawBufferPointer) throws(VolumeError) -> Bool
    ) throws(VolumeError) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(Self.pieceBytes),
            alignment: 64
        )
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while offset < snapshot.payloadBytes {
            let end = min(offset + Self.pieceBytes, snapshot.payloadBytes)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(end - offset)])
            _ = try snapshot.read(offset..<end, into: piece, mode: .mayWait)
            guard try visit(UnsafeRawBufferPointer(piece)) else { return false }
            offset = end
        }
        return true
    }
}
