import CDiskCalls
import Glibc

/// An open file of the operating system.
///
/// Calls that a signal interrupts are repeated here; calls that did less than asked are not.
final class PosixFile: OpenFile {
    let path: String
    private let descriptor: Int32

    /// The most runs that one gathered write takes; `IOV_MAX` of Linux.
    private static let runsMax = 1024

    /// Owns a descriptor from here on.
    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    // A failure of `close` says nothing here: what must last was flushed before, or is not owed.
    deinit {
        close(descriptor)
    }

    func readOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int
    {
        guard !buffer.isEmpty else { return 0 }
        return try count(.read) {
            pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        }
    }

    func readCachedOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int?
    {
        guard !buffer.isEmpty else { return 0 }
        while true {
            let count = nave_read_cached(descriptor, buffer.baseAddress, buffer.count, offset)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN, EOPNOTSUPP, ENOSYS: return nil
            default: throw DiskError(errorNumber: errno, .read, path: path)
            }
        }
    }

    func writeOnce(_ runs: [UnsafeRawBufferPointer], at offset: Int64) throws(DiskError) -> Int {
        if runs.count == 1 {
            return try count(.write) {
                pwrite(descriptor, runs[0].baseAddress, runs[0].count, off_t(offset))
            }
        }
        let vectors = runs.prefix(Self.runsMax).map {
            iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
        return try count(.write) {
            nave_write_gathered(descriptor, vectors, Int32(vectors.count), offset)
        }
    }

    func synchronizeData() throws(DiskError) {
        _ = try count(.synchronizeData) { Int(fdatasync(descriptor)) }
    }

    func startWriteback(_ range: Range<Int64>) throws(DiskError) {
        guard !range.isEmpty else { return }
        do {
            _ = try count(.writeback) {
                Int(nave_start_writeback(descriptor, range.lowerBound, Int64(range.count)))
            }
        } catch  where error.code == .unsupported {
            return
        }
    }

    func truncate(to sizeBytes: Int64) throws(DiskError) {
        _ = try count(.truncate) { Int(ftruncate(descriptor, off_t(sizeBytes))) }
    }

    func punchHole(_ range: Range<Int64>) throws(DiskError) {
        guard !range.isEmpty else { return }
        _ = try count(.punchHole) {
            Int(nave_punch_hole(descriptor, range.lowerBound, Int64(range.count)))
        }
    }

    func sizeBytes() throws(DiskError) -> Int64 {
        var values = stat()
        _ = try count(.size) { Int(fstat(descriptor, &values)) }
        return Int64(values.st_size)
    }

    func expectSequentialReading() {
        // Advice: where it is not taken, reading is slower and just as right.
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    func forgetCached(_ range: Range<Int64>) {
        // Advice: where it is not taken, what is in memory is read instead.
        _ = posix_fadvise(
            descriptor,
            off_t(range.lowerBound),
            off_t(range.upperBound - range.lowerBound),
            POSIX_FADV_DONTNEED
        )
    }

    /// Makes a call, again if a signal interrupted it.
    private func count(_ operation: DiskError.Operation, _ call: () -> Int) throws(DiskError) -> Int
    {
        while true {
            let result = call()
            if result >= 0 { return result }
            guard errno == EINTR else {
                throw DiskError(errorNumber: errno, operation, path: path)
            }
        }
    }
}
