import DiskIO
import Synchronization

/// Whether a volume takes writes.
///
/// State: guarded by `condition`. It only gets worse: open, then failed or closed.
final class VolumeHealth: Sendable {
    enum Condition: Hashable {
        case open, failed, closed
    }

    private let condition = Mutex(Condition.open)
    private let synchronizing = Mutex(())

    /// Whether writes are taken now.
    var isWritable: Bool { condition.withLock { $0 == .open } }

    /// - Throws: `.volumeFailed`, `.closed`.
    func checkWritable() throws(VolumeError) {
        switch condition.withLock({ $0 }) {
        case .open: return
        case .failed: throw .volumeFailed
        case .closed: throw .closed
        }
    }

    /// Stops writes after a failed flush: the kernel may have dropped what it could not write, and
    /// a later flush that succeeds says nothing about it.
    func fail() {
        condition.withLock { condition in
            if condition == .open { condition = .failed }
        }
    }

    /// Has the system begin to write a range of the log's file out.
    ///
    /// What fails here counts as a failed flush: blocks that could not be had for it are found out here,
    /// and a flush that comes after need not tell.
    ///
    /// - Throws: `.volumeFailed`.
    func startWriteback(_ file: any OpenFile, _ range: Range<Int64>) throws(VolumeError) {
        do throws(DiskError) {
            try file.startWriteback(range)
        } catch {
            fail()
            throw .volumeFailed
        }
    }

    /// Flushes the log's file, one caller at a time.
    ///
    /// Linux tells one caller alone that a file could not be written; a flush that another begins
    /// meanwhile succeeds and says nothing. So whoever comes after a failure is told of it here. After
    /// a failure elsewhere the flush is tried all the same: it may save what was acknowledged.
    ///
    /// - Throws: `.volumeFailed`, `.closed`.
    func synchronize(_ file: any OpenFile) throws(VolumeError) {
        try synchronizing.withLock { _ throws(VolumeError) in
            do throws(DiskError) {
                try file.synchronizeData()
            } catch {
                fail()
                throw .volumeFailed
            }
            try checkWritable()
        }
    }

    /// Stops writes for good; false if that was done before.
    func close() -> Bool {
        condition.withLock { condition in
            defer { condition = .closed }
            return condition != .closed
        }
    }
}
