import CKernels

/// CRC-32/ISO-HDLC: the check of zlib, gzip and PNG, which S3 calls `CRC32`.
///
/// Source: RFC 1952, section 8.
public struct CRC32: Sendable, Hashable {
    /// The check value of the bytes so far.
    public private(set) var value: UInt32

    /// Begins with no bytes.
    public init() {
        value = 0
    }

    /// Continues from the check value of the bytes so far.
    public init(continuing value: UInt32) {
        self.value = value
    }

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        value = UInt32(truncatingIfNeeded: nave_crc(NAVE_CRC32, UInt64(value), start, bytes.count))
    }

    /// The check value as bytes, most significant first, as S3 sends it.
    public var bytes: [UInt8] {
        bigEndianBytes(of: value)
    }

    /// The check value of some bytes.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var check = Self()
        check.update(bytes)
        return check.value
    }

    /// The check value of some bytes.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    /// The check value of two runs of bytes one after the other.
    ///
    /// Takes time in the logarithm of the length, and no bytes.
    ///
    /// - Parameters:
    ///   - first: The check value of the first run.
    ///   - second: The check value of the second run.
    ///   - secondBytes: The length of the second run; not negative.
    /// - Returns: The check value of both together.
    public static func combined(_ first: UInt32, _ second: UInt32, secondBytes: Int64) -> UInt32 {
        precondition(secondBytes >= 0, "a run of bytes has a length of at least 0")
        return UInt32(
            truncatingIfNeeded: nave_crc_combine(
                NAVE_CRC32,
                UInt64(first),
                UInt64(second),
                UInt64(secondBytes)
            )
        )
    }
}
