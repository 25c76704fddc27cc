import COpenSSL

/// A streaming SHA-256 digest.
///
/// A plain value: copying it copies the state, so a common beginning is hashed once.
///
/// Source: FIPS 180-4, section 6.2.
public struct SHA256: Sendable {
    /// The length of a digest, in bytes.
    public static let digestBytes = 32

    private var context = SHA256_CTX()

    /// Begins with no bytes.
    public init() {
        _ = SHA256_Init(&context)
    }

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        _ = SHA256_Update(&context, start, bytes.count)
    }

    /// Takes in more bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of the bytes so far; more may follow.
    public func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.digestBytes) { buffer, count in
            finalize(into: UnsafeMutableRawBufferPointer(buffer))
            count = Self.digestBytes
        }
    }

    /// Writes the digest of the bytes so far to the first ``digestBytes`` bytes of `target`.
    public func finalize(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= Self.digestBytes, "the target holds a digest")
        var copy = context
        _ = SHA256_Final(target.assumingMemoryBound(to: UInt8.self).baseAddress, &copy)
    }

    /// The digest of some bytes.
    public static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = Self()
        digest.update(bytes)
        return digest.finalize()
    }

    /// The digest of some bytes.
    public static func digest(of bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { digest(of: $0) }
    }

    /// The digest of some bytes, in lower-case hexadecimal digits.
    public static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
        Hexadecimal.encode(digest(of: bytes))
    }
}
