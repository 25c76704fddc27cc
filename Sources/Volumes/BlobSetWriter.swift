import StorageModel
import Synchronization

/// A blob that is being written to several volumes: append, then finish or discard.
///
/// A volume that fails meanwhile is taken out, and the blob goes on with the copies that are left. What
/// it lacks is made up for once a change names it: keep the writer until the index shows that change, or
/// the blob is given up.
///
/// State: guarded by `copies`; calls go one after the other.
public final class BlobSetWriter: Sendable {
    struct Copy: Sendable {
        let member: VolumeMember
        let writer: BlobWriter
    }

    /// The blob's number.
    public var id: BlobID { claim.id }

    /// As long as this writer lives, nobody takes it for settled that no change names the blob.
    private let claim: BlobClaim
    private let copies: Mutex<[Copy]>
    private let set: VolumeSet

    init(_ claim: BlobClaim, copies: [Copy], set: VolumeSet) {
        self.claim = claim
        self.copies = Mutex(copies)
        self.set = set
    }

    /// Appends payload bytes.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.blobWriterClosed`; the blob is then discarded.
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

    /// Ends the blob; the files and their names are on the disks when this returns.
    ///
    /// - Returns: The whole blob.
    /// - Throws: `.outOfSpace`, `.writeFailed`, `.volumeFailed`, `.blobWriterClosed`; the blob is then
    ///   discarded.
    public func finish() throws(VolumeError) -> Extent {
        let current = copies.withLock { $0 }
        let results = set.threads.perform(current) { copy throws(VolumeError) in
            try copy.writer.finish()
        }
        var extent: Extent?
        var failed: [(Copy, VolumeError)] = []
        for (copy, result) in zip(current, results) {
            switch result {
            case .success(let written): extent = written
            case .failure(let error): failed.append((copy, error))
            }
        }
        do throws(VolumeError) {
            try drop(failed, of: current)
        } catch {
            // A copy that is finished already has no writer that would remove it.
            if extent != nil { try? set.removeBlob(id) }
            throw error
        }
        // Whoever keeps the writer keeps no file open.
        copies.withLock { $0 = [] }
        guard let extent else { throw .blobWriterClosed }
        return extent
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
        let isFull = failed.contains { if case .outOfSpace = $0.1 { true } else { false } }
        guard failed.count < current.count, !isFull else {
            discard()
            if case .outOfSpace = first { throw first }
            throw failed.first { if case .outOfSpace = $0.1 { true } else { false } }?.1 ?? first
        }
        copies.withLock { copies in
            copies.removeAll { copy in failed.contains { $0.0.writer === copy.writer } }
        }
        for (copy, error) in failed { try set.takeOut(copy.member, error) }
        try set.noteThin(id)
    }
}
