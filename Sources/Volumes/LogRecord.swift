import Checksums
import StorageModel

/// What one append puts into the log: a change and, for a small object, its payload.
public struct LogRecord: Hashable, Sendable {
    /// The encoded change; the volume does not look into it.
    public let body: [UInt8]
    /// The payload that travels with it; empty for most changes.
    public let payload: LogPayload

    /// Makes a record of its parts.
    public init(body: [UInt8], payload: LogPayload = .none) {
        self.body = body
        self.payload = payload
    }

    /// The longest body, in bytes.
    public static let bodyBytesMax = 64 << 20
    /// The longest payload, in bytes; longer ones belong into a blob.
    public static let payloadBytesMax = 64 << 20
}

/// Payload bytes with the checksums of their blocks, which are computed where the payload is made
/// and not on the committer's thread.
public struct LogPayload: Hashable, Sendable {
    /// No bytes.
    public static let none = LogPayload([])

    /// The bytes.
    public let bytes: [UInt8]
    /// One CRC-64/NVME per block of ``Payload/blockBytes`` bytes; the last block may be shorter.
    public let blockChecksums: [UInt64]

    /// Makes a payload and computes its checksums.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        blockChecksums = bytes.withUnsafeBytes { Self.blockChecksums(of: $0) }
    }

    /// The checksums of the blocks of some bytes.
    public static func blockChecksums(of bytes: UnsafeRawBufferPointer) -> [UInt64] {
        stride(from: 0, to: bytes.count, by: Payload.blockBytes).map { start in
            let end = min(start + Payload.blockBytes, bytes.count)
            return CRC64NVME.checksum(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
    }
}

/// Where a record went.
public struct AppendedRecord: Hashable, Sendable {
    /// The address of the record.
    public let position: LogPosition
    /// The address of its payload's first byte, for ``Extent/inline(position:lengthBytes:blockChecksums:)``.
    public let payloadPosition: LogPosition
    /// The address after it, where the next record is or will be.
    public let end: LogPosition
    /// Its checksum, which hangs on all records before it.
    public let checksum: UInt64

    /// Makes an answer of its values.
    public init(
        position: LogPosition,
        payloadPosition: LogPosition,
        end: LogPosition,
        checksum: UInt64
    ) {
        self.position = position
        self.payloadPosition = payloadPosition
        self.end = end
        self.checksum = checksum
    }
}

/// What became of a batch.
public enum AppendOutcome: Hashable, Sendable {
    /// Its records are in the log, and where; durable, unless the log is flushed later.
    case appended([AppendedRecord])
    /// None of them is in the log, which ends elsewhere than the caller thought.
    ///
    /// So it is when the batch did not fit into the last segment and a new one was begun: records
    /// that hold addresses of others in their batch have to be made anew.
    case moved
}

/// A record as the log gives it back; the payload's bytes are not read.
public struct ReplayedRecord: Hashable, Sendable {
    /// The encoded change.
    public let body: [UInt8]
    /// Where it is.
    public let place: AppendedRecord
    /// The first address of the segment that it is in.
    public let segment: LogPosition
    /// The length of its payload, in bytes.
    public let payloadBytes: Int
    /// The checksums of its payload's blocks.
    public let blockChecksums: [UInt64]

    /// Makes a record of its values.
    public init(
        body: [UInt8],
        place: AppendedRecord,
        segment: LogPosition,
        payloadBytes: Int,
        blockChecksums: [UInt64]
    ) {
        self.body = body
        self.place = place
        self.segment = segment
        self.payloadBytes = payloadBytes
        self.blockChecksums = blockChecksums
    }

    /// The payload as an extent; `nil` if the record has none.
    public var extent: Extent? {
        guard payloadBytes > 0 else { return nil }
        return .inline(
            position: place.payloadPosition,
            lengthBytes: payloadBytes,
            blockChecksums: blockChecksums
        )
    }
}
