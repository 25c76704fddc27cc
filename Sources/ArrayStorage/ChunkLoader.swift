import ArrayCodecs
import ArrayModel
import NIOCore
import ObjectStorage
import StorageModel
import Synchronization

/// Fetches chunks: finds them in the store, reads and decodes them, and keeps what is small.
///
/// All methods block, except ``cached(_:entry:of:)``.
///
/// State: guarded by `workspaces`, by `largeChunks`, and inside the cache.
final class ChunkLoader: Sendable {
    /// How often a chunk that is replaced while it is read is looked up again.
    private static let attemptsMax = 4

    let store: ObjectStore
    private let cache: ChunkCache
    let largeChunkBytes: Int
    let pieceBytesMin: Int
    /// Workspaces that nobody uses; never more than threads that decode.
    private let workspaces = Mutex<[DecodingWorkspace]>([])
    /// Held while a large chunk is decoded and used, so that there is one of them in memory.
    private let largeChunks = Mutex<Void>(())

    init(store: ObjectStore, limits: ArrayReaderLimits) {
        self.store = store
        cache = ChunkCache(bytesMax: limits.cacheBytesMax)
        largeChunkBytes = limits.largeChunkBytes
        pieceBytesMin = limits.pieceBytesMin
    }

    /// Finds the chunks of a batch in the store, at one state of the line.
    func entries(
        _ keys: [String],
        of array: StoredArray
    ) throws(ArrayReadError) -> [ObjectEntry?] {
        do throws(StoreError) {
            if keys.count == 1 { return [try store.lookUp(keys[0], line: array.line)] }
            return try store.lookUp(keys, line: array.line)
        } catch {
            throw .store(error)
        }
    }

    /// Lists stored keys that begin with a prefix.
    func keys(
        prefix: String,
        of array: StoredArray,
        after marker: String?,
        limit: Int
    ) throws(ArrayReadError) -> [String] {
        do throws(StoreError) {
            return try store.list(prefix: prefix, line: array.line, after: marker, limit: limit)
                .map(\.key.text)
        } catch {
            throw .store(error)
        }
    }

    /// The decoded chunk, if it is in memory; does not block.
    func cached(_ key: String, entry: ObjectEntry, of array: StoredArray) -> ByteBuffer? {
        cache.chunk(
            ChunkCache.Key(line: array.line, key: key, sequence: entry.sequence),
            decoding: array.decoding
        )
    }

    /// What becomes of a decoded chunk after its use.
    enum Retention {
        /// It is kept for later requests.
        case keep
        /// It is not, so that one pass over much does not drive out what is asked for often.
        case pass
    }

    /// Uses the decoded chunk of a key as it is now: a full chunk, C order, little-endian.
    ///
    /// A chunk that was replaced since the look-up is looked up again.
    ///
    /// - Parameters:
    ///   - key: The key in the line.
    ///   - entry: What was looked up.
    ///   - array: The array that it is a chunk of.
    ///   - retention: What becomes of the decoded chunk.
    ///   - use: Takes the chunk and the entry that it is of, as ``withChunk(of:_:of:retention:use:)``
    ///     has it.
    /// - Returns: False if the key was deleted since the look-up; `use` did not run then.
    /// - Throws: ``ArrayReadError/chunkUnreadable(key:_:)``,
    ///   ``ArrayReadError/chunkUnstable(key:)`` or ``ArrayReadError/store(_:)``.
    func withChunk(
        _ key: String,
        entry: ObjectEntry,
        of array: StoredArray,
        retention: Retention,
        use: (ByteBuffer, ObjectEntry) -> Void
    ) throws(ArrayReadError) -> Bool {
        var entry = entry
        for _ in 0..<Self.attemptsMax {
            let present = entry
            let isUsed = try withChunk(of: present, key, of: array, retention: retention) {
                use($0, present)
            }
            if isUsed { return true }
            guard let next = try entries([key], of: array)[0] else { return false }
            entry = next
        }
        throw .chunkUnstable(key: key)
    }

    /// Uses the decoded chunk of one entry that was looked up: a full chunk, C order, little-endian.
    ///
    /// The memory of a large chunk is accounted for only while `use` runs, so it must not keep the
    /// chunk, nor ask for another.
    ///
    /// - Returns: False if the chunk was replaced or deleted since the look-up, so that its bytes are
    ///   gone; `use` did not run then.
    /// - Throws: ``ArrayReadError/chunkUnreadable(key:_:)`` or ``ArrayReadError/store(_:)``.
    func withChunk(
        of entry: ObjectEntry,
        _ key: String,
        of array: StoredArray,
        retention: Retention,
        use: (ByteBuffer) -> Void
    ) throws(ArrayReadError) -> Bool {
        guard array.decodingBytes >= largeChunkBytes else {
            guard let chunk = try chunk(key, entry: entry, of: array, retention: retention) else {
                return false
            }
            use(chunk)
            return true
        }
        return try largeChunks.withLock { _ throws(ArrayReadError) -> Bool in
            guard let chunk = try chunk(key, entry: entry, of: array, retention: .pass) else {
                return false
            }
            use(chunk)
            return true
        }
    }

    /// The decoded chunk of an entry; `nil` if it was replaced since the look-up.
    private func chunk(
        _ key: String,
        entry: ObjectEntry,
        of array: StoredArray,
        retention: Retention
    ) throws(ArrayReadError) -> ByteBuffer? {
        if let chunk = cached(key, entry: entry, of: array) { return chunk }
        guard let chunk = try readAndDecode(key, entry: entry, of: array) else { return nil }
        guard retention == .keep else { return chunk }
        cache.keep(
            chunk,
            key: ChunkCache.Key(line: array.line, key: key, sequence: entry.sequence),
            decoding: array.decoding
        )
        return chunk
    }

    /// Reads and decodes a chunk; `nil` if it was replaced since the look-up.
    private func readAndDecode(
        _ key: String,
        entry: ObjectEntry,
        of array: StoredArray
    ) throws(ArrayReadError) -> ByteBuffer? {
        guard entry.sizeBytes <= Int64(array.decoder.storedBytesMax) else {
            let found = Int(clamping: entry.sizeBytes)
            throw .chunkUnreadable(
                key: key,
                .chunkLength(expectedBytes: array.decoder.storedBytesMax, foundBytes: found)
            )
        }
        let stored: ByteBuffer
        do throws(StoreError) {
            stored = try store.readBlocking(entry, range: 0..<entry.sizeBytes)
        } catch {
            if error == .objectReplaced { return nil }
            throw .store(error)
        }
        let chunkBytes = array.decoder.chunkBytes
        if array.decoder.isIdentity, stored.readableBytes == chunkBytes { return stored }
        let workspace = workspaces.withLock { $0.popLast() } ?? DecodingWorkspace()
        defer { workspaces.withLock { $0.append(workspace) } }
        var chunk = ByteBufferAllocator().buffer(capacity: chunkBytes)
        var failure: ArrayCodecError?
        chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: chunkBytes) { room in
            let target = UnsafeMutableRawBufferPointer(rebasing: room[..<chunkBytes])
            failure = stored.withUnsafeReadableBytes { bytes -> ArrayCodecError? in
                do throws(ArrayCodecError) {
                    try array.decoder.decode(bytes, into: target, workspace: workspace)
                    return nil
                } catch {
                    return error
                }
            }
            return chunkBytes
        }
        if let failure { throw .chunkUnreadable(key: key, failure) }
        return chunk
    }
}
