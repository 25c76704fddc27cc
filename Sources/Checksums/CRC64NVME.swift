import CKernels

/// CRC-64/NVME: what Nave keeps per block of stored bytes, and S3 calls `CRC64NVME`.
///
/// Source: NVM Express NVM Command Set Specification 1.0d, section 5.2.1.3.4.
public struct CRC64NVME: Sendable, Hashable {
    /// The check value of the bytes so far.
    public private(set) var value: UInt64

    /// Begins with no bytes.
    public init() {
        value = 0
    }

    /// Continues from the check value of the bytes so far.
    public init(continuing value: UInt64) {
        self.value = value
    }

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        value = nave_crc(NAVE_CRC64_NVME, value, start, bytes.count)
    }

    /// The check value as bytes, most significant first, as S3 sends it.
    public var bytes: [UInt8] {
        bigEndianBytes(of: value)
    }

    /// The check value of some bytes.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var check = Self()
        check.update(bytes)
        return check.value
    }

    /// The check value of some bytes.
    public static func checksum(_ bytes: [UInt8]) -> UInt64 {
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
    public static func combined(_ first: UInt64, _ second: UInt64, secondBytes: Int64) -> UInt64 {
        precondition(secondBytes >= 0, "a run of bytes has a length of at least 0")
        return nave_crc_combine(NAVE_CRC64_NVME, first, second, UInt64(secondBytes))
    }
}
