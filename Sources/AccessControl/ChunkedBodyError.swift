/// Why an `aws-chunked` body was not accepted.
///
/// The comment of each case names the S3 error code and status that belong to it.
public enum ChunkedBodyError: Error, Hashable, Sendable {
    /// The framing is broken at this byte of the encoded body: `InvalidRequest`, 400.
    case framingInvalid(offset: Int64)
    /// A chunk header longer than ``AWSChunkedDecoder/headerBytesMax``: `InvalidRequest`, 400.
    case chunkHeaderTooLong
    /// A trailer longer than ``AWSChunkedDecoder/trailerBytesMax``: `InvalidRequest`, 400.
    case trailerTooLong
    /// A trailer line that is not `name:value`, or a trailer where none may be:
    /// `MalformedTrailerError`, 400.
    case trailerInvalid
    /// A chunk or the trailer is not signed as it must be: `SignatureDoesNotMatch`, 403.
    case signatureMismatch
    /// More or fewer bytes than `x-amz-decoded-content-length` says: `IncompleteBody`, 400.
    case lengthMismatch(declared: Int64, received: Int64)
    /// The body ends before its last chunk or trailer: `IncompleteBody`, 400.
    case truncated
}
