import DiskIO
import NIOCore
import StorageModel
import Synchronization
import Volumes

/// Reads a range of an object's bytes in order; every byte is verified before it is handed out.
///
/// The reader keeps the object's bytes from being removed for as long as it lives, so an object
/// that is replaced or deleted meanwhile is still read to its end.
///
/// State: how far it has come, guarded by `offset`; one caller at a time.
public final class PayloadReader: Sendable {
    /// A run of the payload and where it begins in it.
    private struct Run: Sendable {
        let extent: Extent
        let start: Int64

        var end: Int64 { start + extent.lengthBytes }
    }

    /// How many bytes the reader gives in all.
    public let byteCount: Int64

    private let runs: [Run]
    private let end: Int64
    private let offset: Mutex<Int64>
    private let volume: VolumeSet
    private let pool: BlockingPool
    private let upkeep: Upkeep
    private let inline: InlineGuard
    private let pinned: [BlobID]
    private let pinnedInline: [Extent]

    /// Begins to read.
    ///
    /// - Throws: ``StoreError/objectReplaced`` if bytes in the log were given back to the disk.
    init(
        _ payload: Payload,
        range: Range<Int64>,
        pinned: [BlobID],
        store: ObjectStore
    ) throws(StoreError) {
        pinnedInline = payload.inlineExtents
        inline = store.inline
        guard inline.pin(pinnedInline) else { throw .objectReplaced }
        var start: Int64 = 0
        var runs: [Run] = []
        for extent in payload.extents where extent.lengthBytes > 0 {
            runs.append(Run(extent: extent, start: start))
            start += extent.lengthBytes
        }
        self.runs = runs
        self.pinned = pinned
        volume = store.volume
        pool = store.diskPool
        upkeep = store.upkeep
        byteCount = range.upperBound - range.lowerBound
        end = range.upperBound
        offset = Mutex(range.lowerBound)
        // Given back when the reader goes away.
        if !pinned.isEmpty { upkeep.pin(pinned) }
    }

    deinit {
        if !pinned.isEmpty { upkeep.unpin(pinned) }
        inline.unpin(pinnedInline)
    }

    /// Gives the next piece, at most `max` bytes, without waiting.
    ///
    /// May be called on an event loop.
    ///
    /// - Throws: ``StoreError/checksumMismatch`` if stored bytes are damaged; none of them is
    ///   given.
    public func readNow(
        max: Int,
        allocator: ByteBufferAllocator
    ) throws(StoreError) -> PayloadPiece {
        try readNext(max: max, allocator: allocator, mode: .cachedOnly)
    }

    /// Adds the next bytes, at most `max`, behind what a buffer holds, without waiting.
    ///
    /// May be called on an event loop.
    ///
    /// - Returns: How many bytes were added, 0 at the end; nil if they are not in memory.
    /// - Throws: ``StoreError/checksumMismatch`` if stored bytes are damaged; none of them is
    ///   added.
    public func readNow(
        max: Int,
        appendingTo buffer: inout ByteBuffer
    ) throws(StoreError) -> Int? {
        try readNext(max: max, appendingTo: &buffer, mode: .cachedOnly)
    }

    /// Adds the next bytes, at most `max`, behind what a buffer holds, on the calling thread, which must
    /// be allowed to wait, as those of ``ObjectStore/diskPool`` are.
    ///
    /// - Returns: How many bytes were added, 0 at the end.
    /// - Throws: As ``readNow(max:appendingTo:)``.
    public func readBlocking(
        max: Int,
        appendingTo buffer: inout ByteBuffer
    ) throws(StoreError) -> Int {
        try readNext(max: max, appendingTo: &buffer, mode: .mayWait) ?? 0
    }

    /// Gives the next piece, at most `max` bytes; waits on a disk thread.
    ///
    /// Never `.wouldBlock`.
    ///
    /// - Throws: ``StoreError/checksumMismatch`` if stored bytes are damaged; none of them is
    ///   given.
    public func read(
        max: Int,
        allocator: ByteBufferAllocator
    ) async throws(StoreError) -> PayloadPiece {
        try await pool.perform { [self] () throws(StoreError) in
            try readNext(max: max, allocator: allocator, mode: .mayWait)
        }
    }

    /// Gives all that is left on the calling thread, which must be allowed to wait.
    func readRest(allocator: ByteBufferAllocator) throws(StoreError) -> ByteBuffer {
        var whole = allocator.buffer(capacity: Int(end - offset.withLock { $0 }))
        while true {
            let start = offset.withLock { $0 }
            guard let length = nextLength(from: start, max: .max) else { return whole }
            try read(from: start, length, into: &whole, mode: .mayWait)
            offset.withLock { $0 = start + Int64(length) }
        }
    }

    private func readNext(
        max: Int,
        allocator: ByteBufferAllocator,
        mode: ReadMode
    ) throws(StoreError) -> PayloadPiece {
        let start = offset.withLock { $0 }
        guard let length = nextLength(from: start, max: max) else { return .end }
        var buffer = allocator.buffer(capacity: length)
        guard try read(from: start, length, into: &buffer, mode: mode) == .complete else {
            return .wouldBlock
        }
        offset.withLock { $0 = start + Int64(length) }
        return .ready(buffer)
    }

    private func readNext(
        max: Int,
        appendingTo buffer: inout ByteBuffer,
        mode: ReadMode
    ) throws(StoreError) -> Int? {
        let start = offset.withLock { $0 }
        guard let length = nextLength(from: start, max: max) else { return 0 }
        guard try read(from: start, length, into: &buffer, mode: mode) == .complete else {
            return nil
        }
        offset.withLock { $0 = start + Int64(length) }
        return length
    }

    /// How many bytes the next piece has: within one run and, where that costs nothing, up to the
    /// end of a block, so that no block is verified twice.
    ///
    /// Nil at the end.
    private func nextLength(from start: Int64, max: Int) -> Int? {
        guard start < end, let run = run(at: start) else { return nil }
        let most = Swift.min(Int64(Swift.max(max, 1)), Swift.min(run.end, end) - start)
        let blockBytes = Int64(Payload.blockBytes)
        let phase = (run.extent.blobOffset + start - run.start) % blockBytes
        let aligned = (phase + most) / blockBytes * blockBytes - phase
        let stopsInside = start + most < Swift.min(run.end, end)
        return Int(stopsInside && aligned > 0 ? aligned : most)
    }

    @discardableResult
    private func read(
        from start: Int64,
        _ length: Int,
        into buffer: inout ByteBuffer,
        mode: ReadMode
    ) throws(StoreError) -> ReadOutcome {
        guard let run = run(at: start) else { throw .rangeInvalid }
        let range = (start - run.start)..<(start - run.start + Int64(length))
        do throws(VolumeError) {
            return try volume.read(run.extent, range: range, appendingTo: &buffer, mode: mode)
        } catch {
            upkeep.reporter.report(error, reading: run.extent, pool)
            throw StoreError(error)
        }
    }

    /// The run that holds a byte, by binary search.
    private func run(at offset: Int64) -> Run? {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        return low < runs.count ? runs[low] : nil
    }
}

extension Payload {
    /// The runs that lie in the log.
    fileprivate var inlineExtents: [Extent] {
        // Most objects are one run.
        if extents.count == 1, extents[0].isInline { return extents }
        return extents.filter(\.isInline)
    }
}

extension Extent {
    /// Where the extent begins in its blob or payload, for the place of block boundaries.
    fileprivate var blobOffset: Int64 {
        switch self {
        case .inline: 0
        case .blob(_, let offset, _): offset
        }
    }
}
