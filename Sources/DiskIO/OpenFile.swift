/// A file that is open; closed when the last reference goes away.
///
/// All reads and writes name their offset, so that any number of threads may use one file at once.
/// The methods of the protocol are single system calls, which may do less than was asked for;
/// the extensions below repeat them until all is done.
public protocol OpenFile: AnyObject, Sendable {
    /// Where it was opened; for messages.
    var path: String { get }

    /// Reads once; may give fewer bytes than asked for, and 0 only at the end of the file.
    func readOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int

    /// Reads once what the page cache holds, without waiting for the disk; `nil` if nothing of it
    /// is there or the file system cannot tell.
    func readCachedOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int?

    /// Writes runs of bytes one after the other with one call; may write less than all.
    func writeOnce(_ runs: [UnsafeRawBufferPointer], at offset: Int64) throws(DiskError) -> Int

    /// Waits until the bytes and the length of the file are on the device, as `fdatasync(2)` does.
    ///
    /// After a failure nothing is known about any write since the last success.
    func synchronizeData() throws(DiskError)

    /// Asks for a range to be written out soon; waits for nothing and promises nothing.
    func startWriteback(_ range: Range<Int64>) throws(DiskError)

    /// Cuts the file, or lengthens it with zeros.
    func truncate(to sizeBytes: Int64) throws(DiskError)

    /// Frees the whole blocks of a range; it then reads as zeros and the length stays.
    func punchHole(_ range: Range<Int64>) throws(DiskError)

    /// The length of the file, in bytes.
    func sizeBytes() throws(DiskError) -> Int64

    /// Tells the system that the file will be read from front to back.
    func expectSequentialReading()

    /// Asks the system to drop what it caches of a range, so that the next read is of the disk.
    ///
    /// What was not written out yet stays. It promises nothing.
    func forgetCached(_ range: Range<Int64>)
}

extension OpenFile {
    /// Caches nothing that could be dropped; for files in memory.
    public func forgetCached(_ range: Range<Int64>) {}

    /// Reads until the buffer is full or the file ends.
    ///
    /// - Returns: The bytes read; fewer than the buffer holds only at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int
    {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try readOnce(into: rest, at: offset + Int64(filled))
            guard count > 0 else { break }
            filled += count
        }
        return filled
    }

    /// Fills the buffer from the page cache, or says `nil` if any byte would need the disk or lies
    /// beyond the end of the file.
    ///
    /// The buffer's bytes mean nothing after `nil`.
    public func readCached(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int?
    {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            guard let count = try readCachedOnce(into: rest, at: offset + Int64(filled)),
                count > 0
            else { return nil }
            filled += count
        }
        return filled
    }

    /// Writes all the runs, one after the other.
    ///
    /// - Throws: ``DiskError``, after which any part of the bytes may be in the file.
    public func write(_ runs: [UnsafeRawBufferPointer], at offset: Int64) throws(DiskError) {
        var rest = runs.filter { !$0.isEmpty }
        var offset = offset
        while !rest.isEmpty {
            var written = try writeOnce(rest, at: offset)
            guard written > 0 else {
                throw DiskError(.outOfSpace, errorNumber: 0, .write, path: path)
            }
            offset += Int64(written)
            var done = 0
            while done < rest.count, written >= rest[done].count {
                written -= rest[done].count
                done += 1
            }
            rest.removeFirst(done)
            if written > 0 { rest[0] = UnsafeRawBufferPointer(rebasing: rest[0][written...]) }
        }
    }

    /// Writes all of a run of bytes.
    ///
    /// - Throws: ``DiskError``, after which any part of the bytes may be in the file.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
        try write([bytes], at: offset)
    }

    /// Writes all of some bytes.
    ///
    /// - Throws: ``DiskError``, after which any part of the bytes may be in the file.
    public func write(_ bytes: [UInt8], at offset: Int64) throws(DiskError) {
        let result = bytes.withUnsafeBytes { run -> Result<Void, DiskError> in
            do throws(DiskError) {
                return .success(try write([run], at: offset))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Reads up to `count` bytes; fewer only at the end of the file.
    public func read(_ count: Int, at offset: Int64) throws(DiskError) -> [UInt8] {
        var failure: DiskError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(DiskError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
