import StorageModel

/// The blobs that were read last, with their open files and checksum tables.
///
/// Invariants: at most `countMax` blobs, and at most `tableBytesMax` bytes of tables unless a
/// single blob's table alone is longer.
struct OpenBlobCache {
    private struct Entry {
        let blob: OpenBlob
        var lastUse: UInt64
    }

    private let countMax: Int
    private let tableBytesMax: Int
    private var entries: [BlobID: Entry] = [:]
    private var tableBytes = 0
    private var clock: UInt64 = 0

    init(countMax: Int, tableBytesMax: Int) {
        self.countMax = max(1, countMax)
        self.tableBytesMax = tableBytesMax
    }

    mutating func blob(_ id: BlobID) -> OpenBlob? {
        guard let index = entries.index(forKey: id) else { return nil }
        clock += 1
        entries.values[index].lastUse = clock
        return entries.values[index].blob
    }

    /// Keeps a blob, or gives the one that another thread opened meanwhile.
    mutating func insert(_ blob: OpenBlob) -> OpenBlob {
        if let present = self.blob(blob.id) { return present }
        clock += 1
        entries[blob.id] = Entry(blob: blob, lastUse: clock)
        tableBytes += blob.tableBytes
        while entries.count > countMax || (tableBytes > tableBytesMax && entries.count > 1) {
            // One pass over some hundred entries costs less than the open that led here.
            guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                break
            }
            remove(oldest.key)
        }
        return blob
    }

    mutating func remove(_ id: BlobID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        tableBytes -= entry.blob.tableBytes
    }
}
