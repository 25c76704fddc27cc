import Checksums
import DiskIO
import Glibc
import StorageFormats
import StorageModel

/// Reads the records of one segment in order, through a window so that small ones share a call.
///
/// A record counts only if its header, body and checksum table are whole and fit its address and
/// the record before it; the payload is not looked at unless asked.
struct LogReader {
    let file: any OpenFile
    let first: LogPosition
    let volumeID: UniqueID
    /// Nothing at or after this address is looked at.
    let limit: LogPosition
    /// What becomes of bytes that the disk fails to read.
    let unreadable: UnreadableBytes
    /// Where the next record is expected.
    private(set) var position: LogPosition
    /// The checksum that the next record must name; `nil` takes what it says.
    private(set) var previousChecksum: UInt64?

    private var window: [UInt8] = []
    private var windowOffset: Int64 = 0
    private static let windowBytes = 1 << 18

    init(
        file: any OpenFile,
        first: LogPosition,
        volumeID: UniqueID,
        limit: LogPosition,
        position: LogPosition,
        previousChecksum: UInt64?,
        unreadable: UnreadableBytes = .refused
    ) {
        self.unreadable = unreadable
        self.file = file
        self.first = first
        self.volumeID = volumeID
        self.limit = limit
        self.position = position
        self.previousChecksum = previousChecksum
    }

    /// The record at ``position``, which then moves behind it; `nil` if none can be read there.
    mutating func next() throws(VolumeError) -> LogRecordHeader? {
        guard let header = try record(at: position) else { return nil }
        if let previousChecksum, header.previousChecksum != previousChecksum { return nil }
        previousChecksum = header.checksum
        position = LogPosition(position.bytes + Int64(header.recordBytes))
        return header
    }

    /// The whole record at an address, whatever was before it; `nil` if there is none.
    mutating func record(at position: LogPosition) throws(VolumeError) -> LogRecordHeader? {
        guard try load(position, LogRecordHeader.encodedBytes) else { return nil }
        let start = offset(of: position)
        let header = window.withUnsafeBytes { window in
            try? LogRecordHeader(decoding: UnsafeRawBufferPointer(rebasing: window[start...]))
        }
        guard let header, header.position == position,
            Int64(header.recordBytes) <= limit.bytes - position.bytes,
            try load(position, header.metadataBytes)
        else { return nil }
        let isWhole = withMetadata(of: header) { header.verifies($0, volumeID: volumeID) }
        return isWhole ? header : nil
    }

    /// The body and checksums of the record that was read last.
    func replayed(_ header: LogRecordHeader) -> ReplayedRecord {
        withMetadata(of: header) { metadata in
            ReplayedRecord(
                body: header.body(in: metadata),
                place: AppendedRecord(
                    position: header.position,
                    payloadPosition: LogPosition(
                        header.position.bytes + Int64(header.metadataBytes)
                    ),
                    end: LogPosition(header.position.bytes + Int64(header.recordBytes)),
                    checksum: header.checksum
                ),
                segment: first,
                payloadBytes: header.payloadBytes,
                blockChecksums: header.blockChecksums(in: metadata)
            )
        }
    }

    /// Whether the payload of a record fits its checksums.
    mutating func hasWholePayload(_ header: LogRecordHeader) throws(VolumeError) -> Bool {
        guard header.payloadBytes > 0 else { return true }
        guard try load(header.position, header.metadataBytes) else { return false }
        let checksums = withMetadata(of: header) { header.blockChecksums(in: $0) }
        let start = header.position.bytes - first.bytes + Int64(header.metadataBytes)
        do throws(DiskError) {
            let payload = try file.read(header.payloadBytes, at: start)
            return payload.count == header.payloadBytes
                && payload.withUnsafeBytes { LogPayload.blockChecksums(of: $0) } == checksums
        } catch {
            throw .readFailed(error)
        }
    }

    /// The first address after `position` with a whole record that says it was written when all
    /// before an address greater than `position` had been flushed; `nil` if there is none.
    mutating func evidence(beyond position: LogPosition) throws(VolumeError) -> LogPosition? {
        try firstRecord(after: position) { $0.durablePosition > position }
    }

    /// The first address after `position` with a whole record; `nil` if there is none.
    mutating func wholeRecord(after position: LogPosition) throws(VolumeError) -> LogPosition? {
        try firstRecord(after: position) { _ in true }
    }

    private mutating func firstRecord(
        after position: LogPosition,
        where isMeant: (LogRecordHeader) -> Bool
    ) throws(VolumeError) -> LogPosition? {
        var candidate = LogPosition(position.bytes + 8)
        while try load(candidate, 4) {
            let start = offset(of: candidate)
            guard let hit = mark(from: start) else {
                let passed = Int64((window.count - 4 - start) / 8 + 1) * 8
                candidate = LogPosition(candidate.bytes + passed)
                continue
            }
            candidate = LogPosition(candidate.bytes + Int64(hit - start))
            if let header = try record(at: candidate), isMeant(header) { return candidate }
            candidate = LogPosition(candidate.bytes + 8)
        }
        return nil
    }

    /// The first place in the window, `start` or a multiple of 8 bytes behind it, with the mark that a record
    /// begins with; nil if there is none.
    private func mark(from start: Int) -> Int? {
        let magic = LogRecordHeader.magic
        return window.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress else { return nil }
            var place = start
            // Its first byte is the lowest.
            while place <= bytes.count - 4,
                let found = memchr(base + place, Int32(magic & 0xFF), bytes.count - 3 - place)
            {
                let hit = UnsafeRawPointer(found) - base
                let mark = UInt32(littleEndian: (base + hit).loadUnaligned(as: UInt32.self))
                if mark == magic, (hit - start) % 8 == 0 { return hit }
                place = hit + 8 - (hit - start) % 8
            }
            return nil
        }
    }

    /// Whether all from an address to the end of what is looked at is zero.
    mutating func isZero(from position: LogPosition) throws(VolumeError) -> Bool {
        var position = position
        while try load(position, 1) {
            let start = offset(of: position)
            let isZero = window.withUnsafeBytes { window in
                UnsafeRawBufferPointer(rebasing: window[start...]).allZero
            }
            guard isZero else { return false }
            position = LogPosition(position.bytes + Int64(window.count - start))
        }
        return true
    }

    private func offset(of position: LogPosition) -> Int {
        Int(position.bytes - first.bytes - windowOffset)
    }

    private func withMetadata<Value>(
        of header: LogRecordHeader,
        _ body: (UnsafeRawBufferPointer) -> Value
    ) -> Value {
        let start = offset(of: header.position)
        return window.withUnsafeBytes { window in
            body(UnsafeRawBufferPointer(rebasing: window[start..<start + header.metadataBytes]))
        }
    }

    /// Brings a run of bytes into the window; false if the file or the limit ends before it does.
    private mutating func load(_ position: LogPosition, _ count: Int) throws(VolumeError) -> Bool {
        guard Int64(count) <= limit.bytes - position.bytes else { return false }
        let start = position.bytes - first.bytes
        if start >= windowOffset, start + Int64(count) <= windowOffset + Int64(window.count) {
            return true
        }
        let wanted = min(Int64(max(count, Self.windowBytes)), limit.bytes - position.bytes)
        do throws(DiskError) {
            window = try file.read(Int(wanted), at: start)
        } catch {
            window = try readAgain(count, Int(wanted), at: start, error)
        }
        windowOffset = start
        return window.count >= count
    }

    /// Reads what is needed of a window that could not be read: the rest may be payload, which is not looked
    /// at here.
    private func readAgain(
        _ count: Int,
        _ wanted: Int,
        at start: Int64,
        _ failure: DiskError
    ) throws(VolumeError) -> [UInt8] {
        switch unreadable {
        case .refused:
            do throws(DiskError) {
                return try file.read(count, at: start)
            } catch {
                throw .readFailed(error)
            }
        case .zeros:
            guard let found = file.readablePart(of: wanted, at: start) else {
                throw .readFailed(failure)
            }
            return found
        }
    }
}

/// What becomes of bytes that the disk fails to read.
enum UnreadableBytes: Hashable, Sendable {
    /// Reading ends with an error.
    case refused
    /// They read as zeros, which are no record, as long as the disk reads something of a long run.
    case zeros
}

extension OpenFile {
    /// Reads a run block by block, with zeros for those that the disk fails to read; nil if it reads
    /// nothing of 64 KiB or more: a disk that fails so is no damaged file.
    func readablePart(of count: Int, at offset: Int64) -> [UInt8]? {
        let blockBytes: Int64 = 512
        var bytes: [UInt8] = []
        var hasRead = count < 65_536
        while bytes.count < count {
            let place = offset + Int64(bytes.count)
            let length = min(Int(blockBytes - place % blockBytes), count - bytes.count)
            if let block = try? read(length, at: place) {
                hasRead = hasRead || !block.isEmpty
                bytes += block
                guard block.count == length else { break }
            } else {
                bytes += [UInt8](repeating: 0, count: length)
            }
        }
        return hasRead ? bytes : nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether every byte is zero: the first is, and each is as the one behind it.
    fileprivate var allZero: Bool {
        guard let base = baseAddress, count > 0 else { return true }
        return self[0] == 0 && memcmp(base, base + 1, count - 1) == 0
    }
}
