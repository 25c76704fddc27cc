import StorageModel

/// What verification found out about a request.
public struct VerifiedRequest: Sendable {
    /// Who signed the request; `nil` if it carries no signature at all.
    public let principal: Principal?
    /// How the body is signed and framed.
    public let payload: PayloadSigning

    /// Makes a result of its parts.
    public init(principal: Principal?, payload: PayloadSigning) {
        self.principal = principal
        self.payload = payload
    }
}

/// How the body of a request is signed, and whether it is framed as `aws-chunked`.
///
/// Source: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header",
/// values of `x-amz-content-sha256`.
public enum PayloadSigning: Sendable {
    /// The body is plain and not covered by the signature.
    case unsigned
    /// The body is plain and its SHA-256 must be these 32 bytes.
    case sha256([UInt8])
    /// The body is `aws-chunked`, with a signature per chunk.
    case chunksSigned(ChunkSigningContext)
    /// The body is `aws-chunked`, with a signature per chunk and a signed trailer.
    case chunksSignedWithTrailer(ChunkSigningContext)
    /// The body is `aws-chunked` with a trailer, and not covered by the signature.
    case chunksUnsignedWithTrailer
}
