import CKernels
import COpenSSL

/// A streaming MD5 digest.
///
/// A plain value: copying it copies the state, so a common beginning is hashed once.
///
/// Source: RFC 1321.
public struct MD5: Sendable {
    /// The length of a digest, in bytes.
    public static let digestBytes = 16

    private var context = MD5_CTX()

    /// Begins with no bytes.
    public init() {
        _ = MD5_Init(&context)
    }

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        _ = MD5_Update(&context, start, bytes.count)
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
        _ = MD5_Final(target.assumingMemoryBound(to: UInt8.self).baseAddress, &copy)
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

    /// The digests of several messages, computed side by side: sixteen of the same length take little
    /// longer than one.
    ///
    /// - Returns: A digest for each message, in their order.
    public static func digests(of messages: [[UInt8]]) -> [[UInt8]] {
        guard messages.count > 1 else { return messages.map { digest(of: $0) } }
        // Messages of about the same length meet, so that few lanes wait for others.
        let order = messages.indices.sorted { messages[$0].count > messages[$1].count }
        var digests = [[UInt8]](repeating: [], count: messages.count)
        for start in stride(from: 0, to: order.count, by: messagesPerCall) {
            let places = order[start..<min(start + messagesPerCall, order.count)]
            var lanes: [nave_md5_message] = []
            lanes.reserveCapacity(places.count)
            digest(places, of: messages, &lanes)
            for (place, lane) in zip(places, lanes) {
                digests[place] = withUnsafeBytes(of: lane.digest) { [UInt8]($0) }
            }
        }
        return digests
    }

    /// A few times as many as are computed side by side; bounds how deep the pointers nest.
    private static let messagesPerCall = 64

    /// Puts the messages of some places behind those that are on lanes already, and computes all.
    private static func digest(
        _ places: ArraySlice<Int>,
        of messages: [[UInt8]],
        _ lanes: inout [nave_md5_message]
    ) {
        guard let place = places.first else {
            return lanes.withUnsafeMutableBufferPointer {
                nave_md5_many($0.baseAddress, $0.count)
            }
        }
        messages[place].withUnsafeBytes { bytes in
            var lane = nave_md5_message()
            lane.bytes = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            lane.length = bytes.count
            lanes.append(lane)
            digest(places.dropFirst(), of: messages, &lanes)
        }
    }

    /// The digest of some bytes, in lower-case hexadecimal digits.
    public static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
        Hexadecimal.encode(digest(of: bytes))
    }
}
