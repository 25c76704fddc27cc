import Checksums

/// A value of `x-amz-content-sha256`.
enum ContentDigest: Equatable {
    case unsigned
    case sha256([UInt8])
    case chunksSigned
    case chunksSignedWithTrailer
    case chunksUnsignedWithTrailer

    /// The canonical text of an unsigned body.
    static let unsignedText = Array("UNSIGNED-PAYLOAD".utf8)
    /// The SHA-256 of no bytes, as digits.
    static let emptyText = Array(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".utf8
    )

    init(_ text: ArraySlice<UInt8>) throws(AuthenticationError) {
        if text.count == 64, let digest = Hexadecimal.decode(Array(text)) {
            self = .sha256(digest)
        } else if text.holds("UNSIGNED-PAYLOAD") {
            self = .unsigned
        } else if text.holds("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
            self = .chunksSigned
        } else if text.holds("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
            self = .chunksSignedWithTrailer
        } else if text.holds("STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
            self = .chunksUnsignedWithTrailer
        } else if text.holds("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
            || text.holds("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER")
        {
            throw .contentDigestUnsupported(String(decoding: text, as: UTF8.self))
        } else {
            throw .contentDigestInvalid(String(decoding: text.prefix(128), as: UTF8.self))
        }
    }

    /// How the body is to be read, given what its chunks are signed with, if anything; few requests
    /// have chunks, so it is made only when it is needed.
    ///
    /// - Throws: ``AuthenticationError/headersUnsigned(_:)`` if chunks are signed but the request
    ///   is not.
    func payload(
        _ context: () -> ChunkSigningContext?
    ) throws(AuthenticationError) -> PayloadSigning {
        switch self {
        case .unsigned: return .unsigned
        case .sha256(let digest): return .sha256(digest)
        case .chunksUnsignedWithTrailer: return .chunksUnsignedWithTrailer
        case .chunksSigned:
            guard let context = context() else { throw .headersUnsigned(["x-amz-content-sha256"]) }
            return .chunksSigned(context)
        case .chunksSignedWithTrailer:
            guard let context = context() else { throw .headersUnsigned(["x-amz-content-sha256"]) }
            return .chunksSignedWithTrailer(context)
        }
    }
}
