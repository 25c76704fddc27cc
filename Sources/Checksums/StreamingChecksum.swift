/// A checksum whose algorithm is chosen at run time, among the five that S3 knows.
///
/// Source: Amazon S3 User Guide, "Checking object integrity".
public enum StreamingChecksum: Sendable {
    /// A CRC-32 under way; begin with `.crc32(CRC32())`.
    case crc32(CRC32)
    /// A CRC-32C under way.
    case crc32c(CRC32C)
    /// A CRC-64/NVME under way.
    case crc64nvme(CRC64NVME)
    /// A SHA-1 under way.
    case sha1(SHA1)
    /// A SHA-256 under way.
    case sha256(SHA256)

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .crc32(var check):
            check.update(bytes)
            self = .crc32(check)
        case .crc32c(var check):
            check.update(bytes)
            self = .crc32c(check)
        case .crc64nvme(var check):
            check.update(bytes)
            self = .crc64nvme(check)
        case .sha1(var digest):
            digest.update(bytes)
            self = .sha1(digest)
        case .sha256(var digest):
            digest.update(bytes)
            self = .sha256(digest)
        }
    }

    /// The digest of the bytes so far, most significant byte first.
    public func finalize() -> [UInt8] {
        switch self {
        case .crc32(let check): check.bytes
        case .crc32c(let check): check.bytes
        case .crc64nvme(let check): check.bytes
        case .sha1(let digest): digest.finalize()
        case .sha256(let digest): digest.finalize()
        }
    }

    /// The digest of the bytes so far as S3 writes it, in base64.
    public func finalizeBase64() -> String {
        Base64.encode(finalize())
    }
}
