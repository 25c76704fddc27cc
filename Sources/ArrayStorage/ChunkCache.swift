import NIOCore
import StorageModel
import Synchronization

/// Decoded chunks of recent requests, up to a number of bytes; the least recently used go first.
///
/// An entry is found only for the very change that stored the chunk and the very way to decode it,
/// so a chunk that is overwritten is never served from here.
///
/// State: guarded by `state`.
final class ChunkCache: Sendable {
    /// What a decoded chunk is kept under.
    struct Key: Hashable, Sendable {
        let line: LineID
        /// The key of the chunk in the line.
        let key: String
        /// The number of the change that stored it.
        let sequence: Int64
    }

    fileprivate struct Entry {
        let key: Key
        let decoding: DecodingIdentity
        let chunk: ByteBuffer
        var newer: Int?
        var older: Int?
    }

    /// A list in the order of use over slots that are reused.
    fileprivate struct State {
        var slots: [Key: Int] = [:]
        var entries: [Entry?] = []
        var free: [Int] = []
        var newest: Int?
        var oldest: Int?
        var bytes = 0
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// Makes an empty cache.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// The bytes that are kept.
    var bytes: Int { state.withLock { $0.bytes } }

    /// Finds a decoded chunk.
    func chunk(_ key: Key, decoding: DecodingIdentity) -> ByteBuffer? {
        state.withLock { state in
            guard
                let slot = state.slots[key],
                let entry = state.entries[slot], entry.decoding == decoding
            else { return nil }
            state.unlink(slot)
            state.linkAsNewest(slot)
            return entry.chunk
        }
    }

    /// Keeps a decoded chunk, if it is small beside the cache.
    func keep(_ chunk: ByteBuffer, key: Key, decoding: DecodingIdentity) {
        guard chunk.readableBytes <= bytesMax / 8 else { return }
        state.withLock { state in
            if let slot = state.slots[key] { state.remove(slot) }
            while state.bytes + chunk.readableBytes > bytesMax, let oldest = state.oldest {
                state.remove(oldest)
            }
            state.insert(Entry(key: key, decoding: decoding, chunk: chunk))
        }
    }
}

extension ChunkCache.State {
    fileprivate mutating func insert(_ entry: ChunkCache.Entry) {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            entries[slot] = entry
        } else {
            slot = entries.count
            entries.append(entry)
        }
        slots[entry.key] = slot
        bytes += entry.chunk.readableBytes
        linkAsNewest(slot)
    }

    fileprivate mutating func remove(_ slot: Int) {
        guard let entry = entries[slot] else { return }
        unlink(slot)
        slots[entry.key] = nil
        bytes -= entry.chunk.readableBytes
        entries[slot] = nil
        free.append(slot)
    }

    fileprivate mutating func linkAsNewest(_ slot: Int) {
        entries[slot]?.older = newest
        entries[slot]?.newer = nil
        if let newest { entries[newest]?.newer = slot }
        newest = slot
        if oldest == nil { oldest = slot }
    }

    fileprivate mutating func unlink(_ slot: Int) {
        guard let entry = entries[slot] else { return }
        if let newer = entry.newer {
            entries[newer]?.older = entry.older
        } else {
            newest = entry.older
        }
        if let older = entry.older {
            entries[older]?.newer = entry.newer
        } else {
            oldest = entry.newer
        }
    }
}
