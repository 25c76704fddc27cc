/// The number of a blob: one immutable file of payload bytes; assigned by the volume, never used
/// twice, never derived from a key.
public struct BlobID: Hashable, Sendable, Comparable {
    /// The number.
    public let number: UInt64

    /// Makes an identifier of a number that the volume assigned.
    public init(_ number: UInt64) {
        self.number = number
    }

    /// Whether the left one comes first.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Where a run of payload bytes is stored.
public enum Extent: Hashable, Sendable {
    /// In the log: the payload of a small object travels in its record.
    ///
    /// `position` is the address of the payload's first byte in the log; `blockChecksums` holds one
    /// CRC-64/NVME per block of ``Payload/blockBytes`` bytes, the last block may be shorter.
    case inline(position: LogPosition, lengthBytes: Int, blockChecksums: [UInt64])
    /// In a blob, from `offset`; the blob file keeps its own block checksums.
    case blob(BlobID, offset: Int64, lengthBytes: Int64)

    /// The length of the run, in bytes.
    public var lengthBytes: Int64 {
        switch self {
        case .inline(_, let lengthBytes, _): Int64(lengthBytes)
        case .blob(_, _, let lengthBytes): lengthBytes
        }
    }
}

/// An address in the log: bytes since its very beginning, counted over all its segments.
public struct LogPosition: Hashable, Sendable, Comparable {
    /// Bytes since the beginning of the log.
    public let bytes: Int64

    /// Makes a position of a byte count.
    public init(_ bytes: Int64) {
        self.bytes = bytes
    }

    /// Whether the left one comes first.
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
}

/// The stored bytes of an object: runs in order.
public struct Payload: Hashable, Sendable {
    /// The unit of verification: a checksum is kept per block of this many bytes.
    public static let blockBytes = 65_536

    /// The runs; empty for an object of no bytes.
    public let extents: [Extent]

    /// Makes a payload of its runs.
    public init(extents: [Extent]) {
        self.extents = extents
    }

    /// The length of all runs together, in bytes.
    public var lengthBytes: Int64 { extents.reduce(0) { $0 + $1.lengthBytes } }
}
