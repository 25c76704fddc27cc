import MetadataIndex
import NIOCore
import SQLiteDatabase
import StorageModel
import Volumes

extension ObjectStore {
    /// How many blobs of one object are checked when a reader begins; those after them are found
    /// missing, if ever, when they are reached.
    private static let checkedBlobsMax = 16

    /// Begins to read a range of an object's bytes.
    ///
    /// Synchronous; may be called on an event loop.
    ///
    /// The reader keeps the blobs from being removed, so an object is read to its end whatever
    /// happens to its key.
    ///
    /// - Throws: ``StoreError/objectReplaced`` if the object was replaced since it was looked up
    ///   and its
    ///   bytes may be gone: look it up again. ``StoreError/rangeInvalid`` if the range is not within
    ///   the object.
    public func reader(
        _ entry: ObjectEntry,
        range: Range<Int64>
    ) throws(StoreError) -> PayloadReader {
        guard range.lowerBound >= 0, range.upperBound <= entry.sizeBytes else {
            throw .rangeInvalid
        }
        let blobs = entry.payload.blobs(touching: range)
        let reader = try PayloadReader(
            entry.payload,
            range: range,
            pinned: blobs,
            store: self
        )
        guard !blobs.isEmpty else { return reader }
        // First the pins, then the question: see Upkeep.
        let checked = Array(blobs.prefix(Self.checkedBlobsMax))
        if upkeep.knows(checked) { return reader }
        let areKnown = try ask { index throws(SQLiteError) in
            for blob in checked where try !index.knowsBlob(blob) { return false }
            return true
        }
        guard areKnown else { throw .objectReplaced }
        upkeep.remember(checked)
        return reader
    }

    /// Reads a short range of a small object without a reader; nil unless all of it is in the log
    /// and in memory.
    ///
    /// Never waits; may be called on an event loop. A reader exists to keep blobs and to go on
    /// where it was; bytes that are read at once need neither. Where they are not what they should
    /// be, they may have been given back to the disk since the object was looked up: a reader finds
    /// that out.
    ///
    /// - Throws: ``StoreError/rangeInvalid``.
    public func readInlineNow(
        _ entry: ObjectEntry,
        range: Range<Int64>,
        allocator: ByteBufferAllocator
    ) throws(StoreError) -> ByteBuffer? {
        guard range.lowerBound >= 0, range.upperBound <= entry.sizeBytes else {
            throw .rangeInvalid
        }
        guard entry.payload.extents.count == 1, case .inline = entry.payload.extents[0] else {
            return nil
        }
        let length = Int(range.upperBound - range.lowerBound)
        var buffer = allocator.buffer(capacity: length)
        let extent = entry.payload.extents[0]
        do throws(VolumeError) {
            let outcome = try volume.read(
                extent,
                range: range,
                appendingTo: &buffer,
                mode: .cachedOnly
            )
            return outcome == .complete ? buffer : nil
        } catch {
            // The pump reads it once more, under the guard of the segment, and reports what it finds.
            return nil
        }
    }

    /// Reads a range of an object's bytes on the calling thread, which must be allowed to wait, as
    /// those of ``diskPool`` are.
    ///
    /// - Throws: As ``reader(_:range:)``, and ``StoreError/checksumMismatch``.
    public func readBlocking(
        _ entry: ObjectEntry,
        range: Range<Int64>
    ) throws(StoreError) -> ByteBuffer {
        try reader(entry, range: range).readRest(allocator: ByteBufferAllocator())
    }
}

extension VolumeSet {
    /// Reads a range of an extent, verified, behind what a buffer holds; nothing is added unless all
    /// of it is.
    func read(
        _ extent: Extent,
        range: Range<Int64>,
        appendingTo buffer: inout ByteBuffer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        let length = Int(range.upperBound - range.lowerBound)
        var result: Result<ReadOutcome, VolumeError> = .success(.wouldBlock)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { bytes in
            let target = UnsafeMutableRawBufferPointer(rebasing: bytes[..<length])
            do throws(VolumeError) {
                let outcome = try read(extent, range: range, into: target, mode: mode)
                result = .success(outcome)
                return outcome == .complete ? length : 0
            } catch {
                result = .failure(error)
                return 0
            }
        }
        return try result.get()
    }
}

extension Payload {
    /// The blobs that hold bytes of a range; each pinned by whoever reads it.
    func blobs(touching range: Range<Int64>) -> [BlobID] {
        var start: Int64 = 0
        var blobs: [BlobID] = []
        for extent in extents {
            let end = start + extent.lengthBytes
            if case .blob(let id, _, _) = extent, start < range.upperBound,
                end > range.lowerBound
            {
                blobs.append(id)
            }
            start = end
        }
        return blobs
    }
}
