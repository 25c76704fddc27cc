/// The keyed digest HMAC-SHA256.
///
/// Source: RFC 2104.
public enum HMACSHA256 {
    /// The length of a code, in bytes.
    public static let codeBytes = SHA256.digestBytes

    /// Authenticates one message with a key used once.
    public static func authenticate(_ message: UnsafeRawBufferPointer, key: [UInt8]) -> [UInt8] {
        Key(key).authenticate(message)
    }

    /// Authenticates one message with a key used once.
    public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        Key(key).authenticate(message)
    }

    /// A key made ready: both of its padded blocks are hashed already, so a short message costs
    /// two compressions.
    public struct Key: Sendable {
        private static let blockBytes = 64

        private var inner = SHA256()
        private var outer = SHA256()

        /// Makes a key ready for use.
        public init(_ key: [UInt8]) {
            let short = key.count > Self.blockBytes ? SHA256.digest(of: key) : key
            withUnsafeTemporaryAllocation(byteCount: Self.blockBytes, alignment: 8) { block in
                for index in 0..<Self.blockBytes {
                    block[index] = (index < short.count ? short[index] : 0) ^ 0x36
                }
                inner.update(UnsafeRawBufferPointer(block))
                for index in 0..<Self.blockBytes {
                    block[index] ^= 0x36 ^ 0x5c
                }
                outer.update(UnsafeRawBufferPointer(block))
            }
        }

        /// The code of a message.
        public func authenticate(_ message: [UInt8]) -> [UInt8] {
            message.withUnsafeBytes { authenticate($0) }
        }

        /// The code of a message.
        public func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: HMACSHA256.codeBytes) { buffer, count in
                authenticate(message, into: UnsafeMutableRawBufferPointer(buffer))
                count = HMACSHA256.codeBytes
            }
        }

        /// Writes the code of a message to the first ``codeBytes`` bytes of `target`.
        ///
        /// The target may not overlap the message.
        public func authenticate(
            _ message: UnsafeRawBufferPointer,
            into target: UnsafeMutableRawBufferPointer
        ) {
            precondition(target.count >= HMACSHA256.codeBytes, "the target holds a code")
            var first = inner
            first.update(message)
            first.finalize(into: target)
            var second = outer
            second.update(UnsafeRawBufferPointer(rebasing: target[..<HMACSHA256.codeBytes]))
            second.finalize(into: target)
        }
    }
}
