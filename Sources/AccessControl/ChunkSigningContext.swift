import Checksums

/// What the chunks of an `aws-chunked` body are signed with: the key, time and scope of the request,
/// and the request's signature, with which the chain begins.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header:
/// Transferring Payload in Multiple Chunks" and "… Including trailing headers".
public struct ChunkSigningContext: Sendable {
    let key: HMACSHA256.Key
    let timestamp: [UInt8]
    let scope: [UInt8]
    /// The request's own signature, 64 digits.
    let seed: [UInt8]

    init(key: HMACSHA256.Key, timestamp: [UInt8], scope: [UInt8], seed: [UInt8]) {
        self.key = key
        self.timestamp = timestamp
        self.scope = scope
        self.seed = seed
    }

    /// The signature of a chunk, 64 digits.
    func signature(ofChunk digest: SHA256, after previous: [UInt8]) -> [UInt8] {
        var text = beginning("AWS4-HMAC-SHA256-PAYLOAD", previous)
        text.append(contentsOf: ContentDigest.emptyText)
        text.append(UInt8(ascii: "\n"))
        appendDigits(digest.finalize(), to: &text)
        return digits(key.authenticate(text))
    }

    /// The signature of the trailer, 64 digits; `canonical` is its lines, each ended by a newline.
    func signature(ofTrailer canonical: [UInt8], after previous: [UInt8]) -> [UInt8] {
        var text = beginning("AWS4-HMAC-SHA256-TRAILER", previous)
        appendDigits(SHA256.digest(of: canonical), to: &text)
        return digits(key.authenticate(text))
    }

    private func beginning(_ algorithm: StaticString, _ previous: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(320)
        text.append(
            contentsOf: UnsafeBufferPointer(
                start: algorithm.utf8Start,
                count: algorithm.utf8CodeUnitCount
            )
        )
        for part in [timestamp, scope, previous] {
            text.append(UInt8(ascii: "\n"))
            text.append(contentsOf: part)
        }
        text.append(UInt8(ascii: "\n"))
        return text
    }
}

/// Appends bytes as lower-case hexadecimal digits.
func appendDigits(_ bytes: [UInt8], to text: inout [UInt8]) {
    bytes.withUnsafeBytes { appendDigits($0, to: &text) }
}

/// Appends bytes as lower-case hexadecimal digits.
func appendDigits(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    withUnsafeTemporaryAllocation(byteCount: bytes.count * 2, alignment: 8) { digits in
        Hexadecimal.encode(bytes, into: digits)
        text.append(contentsOf: UnsafeRawBufferPointer(digits))
    }
}

/// Bytes as lower-case hexadecimal digits.
func digits(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    appendDigits(bytes, to: &text)
    return text
}
