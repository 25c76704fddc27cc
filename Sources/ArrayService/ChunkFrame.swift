import NIOCore

/// The head of one chunk in an answer with many.
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
struct ChunkFrame: Hashable, Sendable {
    /// The length of the fields before the entity tag, in bytes.
    static let fieldsBytes = 16

    /// What is known of the chunk.
    enum Status: UInt16, Sendable {
        case present = 200
        case unchanged = 304
        case missing = 404
    }

    let status: Status
    /// With quotation marks, as in the header `ETag`; empty if the chunk is not stored.
    let entityTag: String
    let coding: String
    let payloadBytes: Int64

    /// The frame of a chunk that is not stored.
    static let missing = ChunkFrame(status: .missing, entityTag: "", coding: "", payloadBytes: 0)

    /// The length of the whole frame, with the payload.
    var byteCount: Int64 { Int64(headBytes) + payloadBytes }

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
}
