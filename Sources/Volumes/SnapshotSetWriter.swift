import StorageModel
import Synchronization

/// A snapshot of the index that is being written to every volume that holds the log: append, then
/// finish or discard.
///
/// A volume that fails meanwhile is taken out, and the snapshot goes on with the others.
///
/// State: guarded by `copies`; calls go one after the other.
public final class SnapshotSetWriter: Sendable {
    struct Copy: Sendable {
        let member: VolumeMember
        let writer: SnapshotWriter
    }

    /// The position of the log that the index had applied.
    public let position: LogPosition

    private let copies: Mutex<[Copy]>
    private let set: VolumeSet

    init(position: LogPosition, copies: [Copy], set: VolumeSet) {
        self.position = position
        self.copies = Mutex(copies)
        self.set = set
    }

    /// Appends bytes of the database.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.blobWriterClosed`; the snapshot is then discarded.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(VolumeError) {
        let current = copies.withLock { $0 }
        var failed: [(Copy, VolumeError)] = []
        for copy in current {
            do throws(VolumeError) { try copy.writer.append(bytes) } catch {
                failed.append((copy, error))
            }
        }
        try drop(failed, of: current)
    }

    /// Ends the snapshot; it is on the disks, whole and under its name, when this returns.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.blobWriterClosed`; some volumes may have it all the
    ///   same.
    public func finish() throws(VolumeError) {
        let current = copies.withLock { $0 }
        let results = set.threads.perform(current) { copy throws(VolumeError) in
            try copy.writer.finish()
        }
        var failed: [(Copy, VolumeError)] = []
        for (copy, result) in zip(current, results) {
            if case .failure(let error) = result { failed.append((copy, error)) }
        }
        try drop(failed, of: current)
    }

    /// Removes the files; does nothing after ``finish()``.
    public func discard() {
        for copy in copies.withLock({ $0 }) { copy.writer.discard() }
    }

    /// Goes on without the copies that failed, or ends.
    private func drop(
        _ failed: [(Copy, VolumeError)],
        of current: [Copy]
    ) throws(VolumeError) {
        guard let first = failed.first?.1 else { return }
        let full = failed.first { if case .outOfSpace = $0.1 { true } else { false } }?.1
        guard failed.count < current.count, full == nil else {
            discard()
            throw full ?? first
        }
        copies.withLock { copies in
            copies.removeAll { copy in failed.contains { $0.0.writer === copy.writer } }
        }
        for (copy, error) in failed { try set.takeOut(copy.member, error) }
    }
}
