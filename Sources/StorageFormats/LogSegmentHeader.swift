import Checksums
import StorageModel

/// The fixed header at byte 0 of every log segment.
///
/// Integers are little-endian. The header is written once and never rewritten; a change of layout
/// takes a new `version`. Normative text: `docs/formats/log.md`.
///
///     offset  size  field             meaning
///          0     8  magic             "NAVELOG" and a line feed
///          8     4  version           1
///         12     4  reserved          0
///         16    16  volumeID          of the volume that it belongs to, most significant first
///         32     8  firstPosition     the address of byte 0 of this file
///         40     8  previousChecksum  the checksum of the last record of the segment before
///         48     8  reserved          0
///         56     8  checksum          CRC-64/NVME of bytes 0 ..< 56
///
/// Byte `n` of the file has the address `firstPosition + n`, so the first record of a segment is at
/// `firstPosition + 64`.
///
/// Invariant: the file takes its name only after the header was flushed, so a segment whose header
/// cannot be read is damaged and was not merely interrupted.
public struct LogSegmentHeader: Hashable, Sendable {
    /// The length of the header, in bytes.
    public static let encodedBytes = 64
    /// The version that this program writes.
    public static let version: UInt32 = 1
    private static let magic = Array("NAVELOG\n".utf8)

    /// The volume that it belongs to.
    public let volumeID: UniqueID
    /// The address of the file's first byte.
    public let firstPosition: LogPosition
    /// The checksum of the last record of the segment before; for the very first,
    /// ``LogRecordHeader/chainStart``.
    public let previousChecksum: UInt64

    /// Makes a header of its values.
    public init(volumeID: UniqueID, firstPosition: LogPosition, previousChecksum: UInt64) {
        self.volumeID = volumeID
        self.firstPosition = firstPosition
        self.previousChecksum = previousChecksum
    }

    /// Reads a header from the first bytes of a file.
    ///
    /// - Throws: ``FormatError``.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        guard bytes.count >= Self.encodedBytes else {
            throw .truncated(
                neededBytes: Int64(Self.encodedBytes),
                foundBytes: Int64(bytes.count)
            )
        }
        guard bytes.begins(with: Self.magic) else { throw .magicWrong }
        let version = bytes.field(at: 8, as: UInt32.self)
        guard version == Self.version else { throw .versionUnknown(UInt64(version)) }
        guard CRC64NVME.checksum(bytes.run(0..<56)) == bytes.field(at: 56, as: UInt64.self) else {
            throw .checksumWrong
        }
        guard bytes.field(at: 12, as: UInt32.self) == 0, bytes.field(at: 48, as: UInt64.self) == 0
        else { throw .fieldInvalid(.reserved) }
        let position = bytes.field(at: 32, as: Int64.self)
        guard position >= 0 else { throw .fieldInvalid(.position) }
        volumeID = bytes.identifier(at: 16)
        firstPosition = LogPosition(position)
        previousChecksum = bytes.field(at: 40)
    }

    /// The bytes of the header.
    public func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.appendField(Self.version)
        bytes.appendField(UInt32(0))
        bytes += volumeID.bytes
        bytes.appendField(firstPosition.bytes)
        bytes.appendField(previousChecksum)
        bytes.appendField(UInt64(0))
        bytes.appendField(CRC64NVME.checksum(bytes))
        return bytes
    }
}
