import Checksums
import StorageModel

/// The fixed header of a log record, and the layout of what follows it.
///
/// Integers are little-endian; a change of layout takes a new `version`. Normative text:
/// `docs/formats/log.md`.
///
///     offset  size  field             meaning
///          0     4  magic             "NVLR"
///          4     2  version           1
///          6     2  kind              1: a change; 2: a mark
///          8     8  position          the address of this record
///         16     8  durablePosition   all before this address was flushed when this was written
///         24     8  previousChecksum  the checksum of the record before
///         32     4  bodyBytes         length of the body
///         36     4  payloadBytes      length of the payload
///         40     8  checksum          CRC-64/NVME of volumeID, bytes 0 ..< 40, and what follows
///                                     this field up to the payload
///         48    8n  blockChecksums    CRC-64/NVME per 64 KiB of payload, the last may be shorter
///          …     …  body              the change; empty in a mark
///          …   0–7  padding           zeros, so that the record's length is a multiple of 8
///          …     …  payload           up to the end of the record
///
/// The checksum begins with the volume's identifier, which no client knows: a payload cannot be
/// made to look like a record, and a record of another volume is none here.
///
/// Invariants:
/// - `position` is a multiple of 8.
/// - `durablePosition` is at most `position`: the address of the first record of its batch, unless the
///   log is flushed less often than it is appended to.
public struct LogRecordHeader: Hashable, Sendable {
    /// What a record is for.
    public enum Kind: UInt16, Hashable, Sendable {
        /// Its body is a change.
        case change = 1
        /// It has neither body nor payload, and only says what was flushed before it.
        case mark = 2
    }

    /// The length of the header, in bytes.
    public static let encodedBytes = 48
    /// The first four bytes.
    public static let magic: UInt32 = 0x524C_564E
    /// The version that this program writes.
    public static let version: UInt16 = 1
    /// What the very first record of a log names as the checksum of the record before.
    public static let chainStart: UInt64 = 0
    /// The longest body or payload, in bytes; a greater length is not believed.
    public static let lengthBytesMax = 64 << 20

    /// What the record is for.
    public let kind: Kind
    /// The address of the record.
    public let position: LogPosition
    /// All before this address was flushed when the record was written.
    public let durablePosition: LogPosition
    /// The checksum of the record before.
    public let previousChecksum: UInt64
    /// The length of the body, in bytes.
    public let bodyBytes: Int
    /// The length of the payload, in bytes.
    public let payloadBytes: Int
    /// The checksum of all but the payload.
    public let checksum: UInt64

    /// Reads a header without checking its checksum.
    ///
    /// - Throws: ``FormatError``.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        guard bytes.count >= Self.encodedBytes else {
            throw .truncated(
                neededBytes: Int64(Self.encodedBytes),
                foundBytes: Int64(bytes.count)
            )
        }
        guard bytes.field(at: 0, as: UInt32.self) == Self.magic else { throw .magicWrong }
        let version = bytes.field(at: 4, as: UInt16.self)
        guard version == Self.version else { throw .versionUnknown(UInt64(version)) }
        guard let kind = Kind(rawValue: bytes.field(at: 6)) else { throw .fieldInvalid(.kind) }
        let position = bytes.field(at: 8, as: Int64.self)
        guard position >= 0, position.isMultiple(of: 8) else { throw .fieldInvalid(.position) }
        let durable = bytes.field(at: 16, as: Int64.self)
        guard durable >= 0, durable <= position else { throw .fieldInvalid(.durablePosition) }
        let body = Int(bytes.field(at: 32, as: UInt32.self))
        guard body <= Self.lengthBytesMax, kind == .change || body == 0 else {
            throw .fieldInvalid(.bodyBytes)
        }
        let payload = Int(bytes.field(at: 36, as: UInt32.self))
        guard payload <= Self.lengthBytesMax, kind == .change || payload == 0 else {
            throw .fieldInvalid(.payloadBytes)
        }
        self.kind = kind
        self.position = LogPosition(position)
        durablePosition = LogPosition(durable)
        previousChecksum = bytes.field(at: 24)
        bodyBytes = body
        payloadBytes = payload
        checksum = bytes.field(at: 40)
    }

    /// How many block checksums follow the header.
    public var blockCount: Int {
        (payloadBytes + Payload.blockBytes - 1) / Payload.blockBytes
    }

    /// The length of the whole record, in bytes.
    public var recordBytes: Int {
        Self.recordBytes(bodyBytes: bodyBytes, payloadBytes: payloadBytes)
    }

    /// The length of all before the payload, in bytes.
    public var metadataBytes: Int { recordBytes - payloadBytes }

    /// The length of a record, in bytes.
    public static func recordBytes(bodyBytes: Int, payloadBytes: Int) -> Int {
        let blocks = (payloadBytes + Payload.blockBytes - 1) / Payload.blockBytes
        return Int(roundedUpTo8(Int64(encodedBytes + 8 * blocks + bodyBytes + payloadBytes)))
    }
}

extension LogRecordHeader {
    /// Whether the checksum fits all of a record before its payload.
    ///
    /// - Parameters:
    ///   - metadata: The first ``metadataBytes`` bytes of the record.
    ///   - volumeID: The volume that the log belongs to.
    /// - Returns: True if the record is as it was written.
    public func verifies(_ metadata: UnsafeRawBufferPointer, volumeID: UniqueID) -> Bool {
        precondition(metadata.count == metadataBytes, "a record is verified as a whole")
        return Self.checksum(of: metadata, volumeID: volumeID) == checksum
    }

    /// What the field of the checksum says, in a header that need not be whole.
    ///
    /// - Parameter header: At least ``encodedBytes`` bytes.
    /// - Returns: The field, whatever it is.
    public static func storedChecksum(in header: UnsafeRawBufferPointer) -> UInt64 {
        header.field(at: 40)
    }

    /// The checksums of the payload's blocks.
    public func blockChecksums(in metadata: UnsafeRawBufferPointer) -> [UInt64] {
        (0..<blockCount).map { metadata.field(at: Self.encodedBytes + 8 * $0) }
    }

    /// A copy of the body.
    public func body(in metadata: UnsafeRawBufferPointer) -> [UInt8] {
        let start = Self.encodedBytes + 8 * blockCount
        return [UInt8](metadata.run(start..<start + bodyBytes))
    }

    /// What the checksum of a record is, by all the bytes before its payload but the field itself.
    ///
    /// - Parameters:
    ///   - metadata: At least a header.
    ///   - volumeID: The volume that the log belongs to.
    /// - Returns: What the field has to be.
    public static func checksum(
        of metadata: UnsafeRawBufferPointer,
        volumeID: UniqueID
    ) -> UInt64 {
        var check = CRC64NVME()
        volumeID.bytes.withUnsafeBytes { check.update($0) }
        check.update(metadata.run(0..<40))
        check.update(metadata.run(encodedBytes..<metadata.count))
        return check.value
    }
}

/// The place of a record in its log, which its header repeats.
public struct LogRecordPlace: Hashable, Sendable {
    /// The address of the record.
    public let position: LogPosition
    /// The address that all before was flushed up to.
    public let durablePosition: LogPosition
    /// The checksum of the record before.
    public let previousChecksum: UInt64
    /// The volume that the log belongs to.
    public let volumeID: UniqueID

    /// Makes a place of its values.
    public init(
        position: LogPosition,
        durablePosition: LogPosition,
        previousChecksum: UInt64,
        volumeID: UniqueID
    ) {
        self.position = position
        self.durablePosition = durablePosition
        self.previousChecksum = previousChecksum
        self.volumeID = volumeID
    }
}

extension LogRecordHeader {
    /// Appends a record, all but its payload, to a buffer.
    ///
    /// - Parameters:
    ///   - kind: What the record is for.
    ///   - place: Where it will be.
    ///   - body: The encoded change.
    ///   - payloadBytes: The length of the payload, which the caller appends.
    ///   - blockChecksums: Those of the payload.
    ///   - buffer: Takes the bytes.
    /// - Returns: The record's checksum, which the next record names.
    public static func append(
        _ kind: Kind,
        at place: LogRecordPlace,
        body: [UInt8],
        payloadBytes: Int,
        blockChecksums: [UInt64],
        to buffer: inout [UInt8]
    ) -> UInt64 {
        precondition(body.count <= lengthBytesMax, "the body is not too long")
        precondition(payloadBytes <= lengthBytesMax, "the payload is not too long")
        let start = buffer.count
        let metadataBytes =
            recordBytes(bodyBytes: body.count, payloadBytes: payloadBytes) - payloadBytes
        buffer.appendField(magic)
        buffer.appendField(version)
        buffer.appendField(kind.rawValue)
        buffer.appendField(place.position.bytes)
        buffer.appendField(place.durablePosition.bytes)
        buffer.appendField(place.previousChecksum)
        buffer.appendField(UInt32(body.count))
        buffer.appendField(UInt32(payloadBytes))
        buffer.appendField(UInt64(0))
        for checksum in blockChecksums { buffer.appendField(checksum) }
        buffer += body
        buffer.appendZeros(start + metadataBytes - buffer.count)
        return buffer.withUnsafeMutableBytes { bytes in
            let record = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            let check = checksum(of: UnsafeRawBufferPointer(record), volumeID: place.volumeID)
            record.storeBytes(of: check.littleEndian, toByteOffset: 40, as: UInt64.self)
            return check
        }
    }
}
