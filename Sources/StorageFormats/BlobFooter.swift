import Checksums
import StorageModel

/// What follows the payload of a blob file: the checksums of its blocks, and a trailer that ends
/// the file.
///
/// Integers are little-endian. Normative text: `docs/formats/blob.md`. Offsets count from the end
/// of the payload; `p` is the padding and `n` the number of blocks.
///
///     offset   size  field           meaning
///          0      p  padding         0 to 7 zeros, so that the table is at a multiple of 8
///          p     8n  blockChecksums  CRC-64/NVME per 64 KiB of payload, the last may be shorter
///       p+8n      8  magic           "NAVEEND" and a line feed
///      p+8n+8     8  payloadBytes    length of the payload
///     p+8n+16     8  blobID          the blob's number, as in the header
///     p+8n+24    16  volumeID        of the volume that it belongs to, most significant first
///     p+8n+40     8  checksum        CRC-64/NVME of the footer up to here
///
/// Invariant: the length of the file follows from `payloadBytes`, and a file of any other length is
/// not whole.
public struct BlobFooter: Hashable, Sendable {
    /// The length of the trailer at the end of the file, in bytes.
    public static let trailerBytes = 48
    private static let magic = Array("NAVEEND\n".utf8)

    /// The volume that it belongs to.
    public let volumeID: UniqueID
    /// The blob's number.
    public let blobID: BlobID
    /// The length of the payload, in bytes.
    public let payloadBytes: Int64
    /// One CRC-64/NVME per block of the payload.
    public let blockChecksums: [UInt64]

    /// Makes a footer of its values.
    public init(
        volumeID: UniqueID,
        blobID: BlobID,
        payloadBytes: Int64,
        blockChecksums: [UInt64]
    ) {
        precondition(payloadBytes >= 0, "a payload has a length")
        precondition(
            Int64(blockChecksums.count) == Self.blockCount(payloadBytes: payloadBytes),
            "each block has a checksum"
        )
        self.volumeID = volumeID
        self.blobID = blobID
        self.payloadBytes = payloadBytes
        self.blockChecksums = blockChecksums
    }

    /// Finds how long the footer is, from the last bytes of a file.
    ///
    /// - Parameters:
    ///   - trailer: The last ``trailerBytes`` bytes of the file.
    ///   - fileBytes: The length of the file.
    /// - Returns: The length of the footer, in bytes.
    /// - Throws: ``FormatError``.
    public static func encodedBytes(
        trailer: UnsafeRawBufferPointer,
        fileBytes: Int64
    ) throws(FormatError) -> Int {
        let least = Int64(BlobHeader.encodedBytes + trailerBytes)
        guard trailer.count == trailerBytes, fileBytes >= least else {
            throw .truncated(neededBytes: least, foundBytes: fileBytes)
        }
        guard trailer.begins(with: magic) else { throw .magicWrong }
        let payload = trailer.field(at: 8, as: Int64.self)
        guard (0...fileBytes).contains(payload) else { throw .fieldInvalid(.payloadBytes) }
        let footer = encodedBytes(payloadBytes: payload)
        let whole = Int64(BlobHeader.encodedBytes) + payload + footer
        guard fileBytes == whole, let length = Int(exactly: footer) else {
            throw .truncated(neededBytes: whole, foundBytes: fileBytes)
        }
        return length
    }

    /// Reads a whole footer.
    ///
    /// - Parameter bytes: As many of the file's last bytes as
    ///   ``encodedBytes(trailer:fileBytes:)`` says.
    /// - Throws: ``FormatError``.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        guard bytes.count >= Self.trailerBytes else {
            throw .truncated(
                neededBytes: Int64(Self.trailerBytes),
                foundBytes: Int64(bytes.count)
            )
        }
        let trailer = bytes.count - Self.trailerBytes
        guard bytes.run(trailer..<bytes.count).begins(with: Self.magic) else { throw .magicWrong }
        guard
            CRC64NVME.checksum(bytes.run(0..<bytes.count - 8))
                == bytes.field(at: bytes.count - 8, as: UInt64.self)
        else { throw .checksumWrong }
        let payload = bytes.field(at: trailer + 8, as: Int64.self)
        guard (0...Self.payloadBytesMax).contains(payload),
            Self.encodedBytes(payloadBytes: payload) == Int64(bytes.count)
        else { throw .fieldInvalid(.payloadBytes) }
        let blocks = Int(Self.blockCount(payloadBytes: payload))
        payloadBytes = payload
        blobID = BlobID(bytes.field(at: trailer + 16))
        volumeID = bytes.identifier(at: trailer + 24)
        blockChecksums = (0..<blocks).map { bytes.field(at: trailer - 8 * (blocks - $0)) }
    }

    /// The bytes of the footer.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(Self.encodedBytes(payloadBytes: payloadBytes)))
        bytes.appendZeros(Int(roundedUpTo8(payloadBytes) - payloadBytes))
        for checksum in blockChecksums { bytes.appendField(checksum) }
        bytes += Self.magic
        bytes.appendField(payloadBytes)
        bytes.appendField(blobID.number)
        bytes += volumeID.bytes
        bytes.appendField(CRC64NVME.checksum(bytes))
        return bytes
    }

    /// The longest payload that is believed, in bytes: 16 TiB, what ext4 lets a file hold.
    public static let payloadBytesMax: Int64 = 1 << 44

    private static func blockCount(payloadBytes: Int64) -> Int64 {
        let block = Int64(Payload.blockBytes)
        return payloadBytes / block + (payloadBytes.isMultiple(of: block) ? 0 : 1)
    }

    private static func encodedBytes(payloadBytes: Int64) -> Int64 {
        roundedUpTo8(payloadBytes) - payloadBytes + 8 * blockCount(payloadBytes: payloadBytes)
            + Int64(trailerBytes)
    }
}
