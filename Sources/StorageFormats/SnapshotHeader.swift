import Checksums
import StorageModel

/// The fixed header at byte 0 of every snapshot of the index; the database begins after it, on a
/// page boundary.
///
/// It is laid out as ``BlobHeader``, with a magic of its own and a position in the place of the
/// number; what follows the payload is a ``BlobFooter`` whose number is the position. Integers are
/// little-endian. Normative text: `docs/formats/snapshot.md`.
///
///     offset  size  field       meaning
///          0     8  magic       "NAVESNP" and a line feed
///          8     4  version     1
///         12     4  blockBytes  65536, the unit of the footer's checksums
///         16    16  volumeID    of the volume that it belongs to, most significant first
///         32     8  position    the log address that the index had applied, as in the file's name
///         40  4048  reserved    0
///       4088     8  checksum    CRC-64/NVME of bytes 0 ..< 4088
///       4096     …  payload     the bytes of a SQLite database
///
/// Invariant: the file takes its name only after all of it was flushed.
public struct SnapshotHeader: Hashable, Sendable {
    /// The length of the header and the offset of the payload, in bytes.
    public static let encodedBytes = 4096
    /// The version that this program writes.
    public static let version: UInt32 = 1
    private static let magic = Array("NAVESNP\n".utf8)

    /// The volume that it belongs to.
    public let volumeID: UniqueID
    /// The log address that the index had applied.
    public let position: LogPosition

    /// Makes a header of its values.
    public init(volumeID: UniqueID, position: LogPosition) {
        self.volumeID = volumeID
        self.position = position
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
        guard CRC64NVME.checksum(bytes.run(0..<4088)) == bytes.field(at: 4088, as: UInt64.self)
        else { throw .checksumWrong }
        guard bytes.field(at: 12, as: UInt32.self) == UInt32(Payload.blockBytes) else {
            throw .fieldInvalid(.blockBytes)
        }
        guard bytes.run(40..<4088).allSatisfy({ $0 == 0 }) else { throw .fieldInvalid(.reserved) }
        let position = bytes.field(at: 32, as: Int64.self)
        guard position >= 0 else { throw .fieldInvalid(.position) }
        volumeID = bytes.identifier(at: 16)
        self.position = LogPosition(position)
    }

    /// The bytes of the header.
    public func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.appendField(Self.version)
        bytes.appendField(UInt32(Payload.blockBytes))
        bytes += volumeID.bytes
        bytes.appendField(position.bytes)
        bytes.appendZeros(4088 - bytes.count)
        bytes.appendField(CRC64NVME.checksum(bytes))
        return bytes
    }
}
