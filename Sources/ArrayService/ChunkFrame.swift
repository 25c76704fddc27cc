import Checksums
import NIOCore

/// One chunk in an answer with many, without its payload.
///
/// Integers are little-endian. The answer is one frame after another, one for each key of the request,
/// in its order, and nothing else. Normative text: `docs/array-api.md`.
///
///     offset  size  field           meaning
///          0     2  status          200; 404: not stored; 304: still what the client has
///          2     2  entityTagBytes  length of the entity tag
///          4     2  codingBytes     length of the content coding, 0 for nearly all
///          6     2  reserved        0
///          8     8  payloadBytes    length of the payload, 0 unless the status is 200
///         16     …  the entity tag, with its quotation marks, in UTF-8
///         …      …  the content coding that the chunk was stored with, as in `Content-Encoding`
///         …      …  payload
///         …      4  checksum        of a checked frame alone: CRC-32C of the payload, of all bytes before
///                                   it, and of the chunk's path, in this order
///
/// The payload comes first in the checksum so that who needs one of the payload alone goes on from that.
struct ChunkFrame: Hashable, Sendable {
    /// The length of the fields before the entity tag, in bytes.
    static let fieldsBytes = 16
    /// The length of what follows the payload of a checked frame, in bytes.
    static let checksumBytes = 4

    /// What is known of the chunk.
    enum Status: UInt16, Sendable {
        case present = 200
        case unchanged = 304
        case missing = 404
    }

    let status: Status
    /// With quotation marks, as in the header `ETag`; empty if the chunk is not stored.
    var entityTag = ""
    var coding = ""
    var payloadBytes: Int64 = 0
    /// What the checksum says that the chunk is; nil in a frame without one.
    let path: ChunkPath?

    /// The length of the whole frame, with the payload.
    var byteCount: Int64 {
        Int64(headBytes) + payloadBytes + Int64(path == nil ? 0 : Self.checksumBytes)
    }

    /// The length of what comes before the payload, in bytes.
    var headBytes: Int { Self.fieldsBytes + entityTag.utf8.count + coding.utf8.count }

    /// Writes what comes before the payload.
    func writeHead(into buffer: inout ByteBuffer) {
        buffer.writeInteger(status.rawValue, endianness: .little)
        buffer.writeInteger(UInt16(entityTag.utf8.count), endianness: .little)
        buffer.writeInteger(UInt16(coding.utf8.count), endianness: .little)
        buffer.writeInteger(UInt16(0), endianness: .little)
        buffer.writeInteger(payloadBytes, endianness: .little)
        buffer.writeString(entityTag)
        buffer.writeString(coding)
    }

    /// Writes what comes behind a payload of a checksum; nothing in a frame without one.
    func writeEnd(payload: CRC32C, into buffer: inout ByteBuffer) {
        guard let path else { return }
        var named = ByteBuffer()
        writeHead(into: &named)
        named.writeString(path.reference)
        named.writeString("/")
        named.writeString(path.key)
        var checksum = payload
        named.withUnsafeReadableBytes { checksum.update($0) }
        buffer.writeInteger(checksum.value, endianness: .little)
    }
}

/// The path of a chunk, as it follows `/v1/zarr/`: the reference as the request has it, without
/// percent-encoding, a slash, and the key.
struct ChunkPath: Hashable, Sendable {
    let reference: String
    let key: String
}
