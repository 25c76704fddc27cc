import DiskIO
import StorageFormats
import StorageModel

/// Walks over the records of a log whose state is not known, and names what cannot be read.
///
/// After a place that cannot be read it goes on with the next whole record, so that one damaged
/// sector hides no other; bytes that the disk fails to read are such a place. What was written last and never flushed is not told from damage here: the
/// caller gives the end of the log (``VolumeAudit/logEnd(flushed:)``, ``Volume/logEnd``).
public struct LogAudit {
    /// Whether payloads are read.
    public enum Payloads: Hashable, Sendable {
        /// Only headers, changes and checksum tables are read.
        case skipped
        /// Every payload is read and compared with its checksums.
        case verified
    }

    /// What is known of a record's payload.
    public enum PayloadState: Hashable, Sendable {
        /// It was read and is as it was written, or there is none.
        case whole
        /// It was read and differs from its checksums, or cannot be read.
        case damaged
        /// It was not read.
        case unread
    }

    /// A record that is whole, as far as it was looked at.
    public struct Record: Hashable, Sendable {
        /// Its change and its place; nil for a mark.
        public let change: ReplayedRecord?
        /// What is known of its payload.
        public let payload: PayloadState
        /// The file that it is in.
        public let path: String
        /// Where its payload begins in the file.
        public let payloadOffset: Int64
        /// The bytes that were read for it.
        public let bytes: Int64
        /// Its length with its payload and what fills it up, in bytes.
        let recordBytes: Int64
        /// Its length before its payload, in bytes.
        let metadataBytes: Int64
        /// The address before which all had been flushed, on every volume that held the log, when it was
        /// written.
        let durablePosition: LogPosition
    }

    /// A place where the log is not what was written.
    public struct Damage: Hashable, Sendable {
        /// What is there.
        public enum Kind: Hashable, Sendable {
            /// The header of a segment cannot be read, or is that of another.
            case segmentHeader
            /// No whole record is there, or it does not follow the one before.
            case record
            /// A segment ends, and the next that is there begins later.
            case segmentMissing
        }

        /// What is there.
        public let kind: Kind
        /// The file.
        public let path: String
        /// The byte of the file.
        public let offset: Int64
        /// The address in the log.
        public let position: LogPosition

        /// The same place in another copy of the log.
        package func moved(to path: String) -> Damage {
            Damage(kind: kind, path: path, offset: offset, position: position)
        }
    }

    /// What comes next in the log.
    public enum Step: Hashable, Sendable {
        /// A record.
        case record(Record)
        /// A place that cannot be read.
        case damage(Damage)
    }

    /// How far ahead of the walk the system is told to forget what it caches, in bytes.
    private static let forgottenBytes: Int64 = 1 << 20

    private let segments: [VolumeAudit.Segment]
    private let volumeID: UniqueID
    private let fileSystem: any FileSystem
    private let end: LogPosition
    private let payloads: Payloads
    private var index: Int
    private var reader: LogReader?
    /// The checksum that the next record must name; nil where that is not known.
    private var previousChecksum: UInt64?
    private var forgottenEnd: Int64 = 0
    /// Where the next record is; the end of all that were given.
    public private(set) var position: LogPosition

    init(
        segments: [VolumeAudit.Segment],
        volumeID: UniqueID,
        fileSystem: any FileSystem,
        start: LogPosition?,
        end: LogPosition?,
        payloads: Payloads
    ) {
        self.segments = segments
        self.volumeID = volumeID
        self.fileSystem = fileSystem
        self.payloads = payloads
        let first = segments.first?.first ?? LogPosition(0)
        let begin = max(start ?? first, first)
        let last = segments.last.map { LogPosition($0.first.bytes + $0.sizeBytes) }
        self.end = end ?? last ?? begin
        position = begin
        index = max(0, (segments.firstIndex { $0.first > begin } ?? segments.count) - 1)
    }

    /// The checksum of the record that ends at ``position``; nil if none is known to.
    package var chain: UInt64? { previousChecksum }

    /// What comes next; nil at the end.
    ///
    /// - Throws: `.readFailed` where the disk reads nothing of a long run; the walk is then at its end.
    public mutating func next() throws(VolumeError) -> Step? {
        while position < end, index < segments.count {
            guard reader != nil else {
                if let damage = try openSegment() { return .damage(damage) }
                continue
            }
            let limit = segmentEnd
            guard position < limit else {
                nextSegment()
                continue
            }
            if let header = try reader?.next() {
                previousChecksum = header.checksum
                position = LogPosition(header.position.bytes + Int64(header.recordBytes))
                return .record(try record(header))
            }
            return .damage(try passDamage(limit))
        }
        return nil
    }

    /// Where the records of the present segment end.
    private var segmentEnd: LogPosition {
        let next = index + 1 < segments.count ? segments[index + 1].first : end
        return min(next, end)
    }

    private mutating func nextSegment() {
        reader = nil
        index += 1
        if index < segments.count { position = max(position, segments[index].first) }
    }

    // MARK: - Records

    private mutating func record(_ header: LogRecordHeader) throws(VolumeError) -> Record {
        let segment = segments[index]
        let change = header.kind == .change ? reader?.replayed(header) : nil
        let offset = header.position.bytes - segment.first.bytes
        var payload = PayloadState.unread
        if header.payloadBytes == 0 {
            payload = .whole
        } else if payloads == .verified {
            forget(through: offset + Int64(header.recordBytes))
            do throws(VolumeError) {
                payload = try reader?.hasWholePayload(header) == true ? .whole : .damaged
            } catch .readFailed {
                payload = .damaged
            }
        }
        return Record(
            change: change,
            payload: payload,
            path: segment.path,
            payloadOffset: offset + Int64(header.metadataBytes),
            bytes: Int64(payload == .unread ? header.metadataBytes : header.recordBytes),
            recordBytes: Int64(header.recordBytes),
            metadataBytes: Int64(header.metadataBytes),
            durablePosition: header.durablePosition
        )
    }

    /// Has the system forget what it caches of the bytes that come next, so that the disk is read.
    private mutating func forget(through offset: Int64) {
        guard offset > forgottenEnd else { return }
        let next = offset + Self.forgottenBytes
        reader?.file.forgetCached(forgottenEnd..<next)
        forgottenEnd = next
    }

    // MARK: - Segments

    /// Opens the present segment; gives what is wrong with its header.
    private mutating func openSegment() throws(VolumeError) -> Damage? {
        let segment = segments[index]
        let file: any OpenFile
        let bytes: [UInt8]
        do throws(DiskError) {
            file = try fileSystem.open(segment.path, .readOnly)
            file.expectSequentialReading()
            bytes = try file.read(LogSegmentHeader.encodedBytes, at: 0)
        } catch {
            throw .readFailed(error)
        }
        let first = LogPosition(segment.first.bytes + Int64(LogSegmentHeader.encodedBytes))
        let isFromStart = position <= first
        position = max(position, first)
        forgottenEnd = position.bytes - segment.first.bytes
        let header = bytes.withUnsafeBytes { try? LogSegmentHeader(decoding: $0) }
        let chain = header?.previousChecksum
        let isWhole =
            header?.volumeID == volumeID && header?.firstPosition == segment.first
            && (previousChecksum == nil || previousChecksum == chain)
        reader = LogReader(
            file: file,
            first: segment.first,
            volumeID: volumeID,
            limit: min(segmentEnd, LogPosition(segment.first.bytes + segment.sizeBytes)),
            position: position,
            previousChecksum: isFromStart && isWhole ? chain : nil,
            unreadable: .zeros
        )
        guard !isWhole else { return nil }
        return Damage(
            kind: .segmentHeader,
            path: segment.path,
            offset: 0,
            position: segment.first
        )
    }

    /// Goes on after a place that cannot be read.
    private mutating func passDamage(_ limit: LogPosition) throws(VolumeError) -> Damage {
        let segment = segments[index]
        let offset = position.bytes - segment.first.bytes
        let isAtEnd = offset >= segment.sizeBytes && index + 1 < segments.count
        let damage = Damage(
            kind: isAtEnd ? .segmentMissing : .record,
            path: segment.path,
            offset: offset,
            position: position
        )
        previousChecksum = nil
        if let found = try reader?.wholeRecord(after: position), let current = reader {
            position = found
            reader = LogReader(
                file: current.file,
                first: current.first,
                volumeID: volumeID,
                limit: current.limit,
                position: found,
                previousChecksum: nil,
                unreadable: .zeros
            )
        } else {
            position = limit
            nextSegment()
        }
        return damage
    }
}

extension VolumeAudit {
    /// Where the log ends, as opening the volume would find it.
    ///
    /// - Parameters:
    ///   - flushed: A position that is known to have been flushed, by what the index says.
    ///   - applied: How far the index has come, by what it says; nil if nothing is to be passed over
    ///     that cannot be read.
    /// - Returns: The address after the last record.
    /// - Throws: `.logDamaged` if records follow a place that cannot be read, `.logSegmentMissing`
    ///   if there is no segment, `.readFailed`.
    public func logEnd(
        flushed: LogPosition,
        applied: AppliedPosition? = nil
    ) throws(VolumeError) -> LogPosition {
        guard let last = try segments().last else {
            throw .logSegmentMissing(position: LogPosition(0), directory: layout.log)
        }
        let file: any OpenFile
        do throws(DiskError) {
            file = try fileSystem.open(last.path, .readOnly)
        } catch {
            throw .readFailed(error)
        }
        let ending = LogEnding(
            segment: last,
            file: file,
            volumeID: originID,
            fileSystem: fileSystem,
            previousChecksum: nil,
            flushed: flushed,
            applied: applied.map { [$0] } ?? []
        )
        return try ending.find().tail.end
    }
}
