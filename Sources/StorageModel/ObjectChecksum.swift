/// An algorithm whose digest S3 clients send and ask for.
///
/// Source: Amazon S3 User Guide, "Checking object integrity".
public enum ChecksumAlgorithm: UInt8, Hashable, Sendable, CaseIterable {
    case crc32 = 1
    case crc32c = 2
    case crc64nvme = 3
    case sha1 = 4
    case sha256 = 5

    /// The name as S3 writes it in `x-amz-checksum-algorithm` and XML, for example `CRC64NVME`.
    public var name: String {
        switch self {
        case .crc32: "CRC32"
        case .crc32c: "CRC32C"
        case .crc64nvme: "CRC64NVME"
        case .sha1: "SHA1"
        case .sha256: "SHA256"
        }
    }

    /// The length of a digest, in bytes.
    public var digestBytes: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }

    /// Whether it is a cyclic redundancy check, which takes a tenth of the time of a hash or less.
    public var isCyclic: Bool {
        switch self {
        case .crc32, .crc32c, .crc64nvme: true
        case .sha1, .sha256: false
        }
    }

    /// Finds an algorithm by its S3 name, in any case.
    public init?(name: String) {
        guard let match = Self.allCases.first(where: { $0.name == name.uppercased() }) else {
            return nil
        }
        self = match
    }
}

/// Whether a checksum covers all bytes of an object or the checksums of its parts.
public enum ChecksumScope: UInt8, Hashable, Sendable {
    /// The digest of the object's bytes; S3's `FULL_OBJECT`.
    case fullObject = 0
    /// The digest of the concatenated digests of the parts; S3's `COMPOSITE`.
    case composite = 1
}

/// A checksum of an object or a part, as checked on upload and returned on request.
public struct ObjectChecksum: Hashable, Sendable {
    /// The algorithm.
    public let algorithm: ChecksumAlgorithm
    /// What it covers.
    public let scope: ChecksumScope
    /// The digest in base64, followed by `-N` for a composite of N parts.
    public let text: String

    /// Makes a checksum of its parts.
    public init(algorithm: ChecksumAlgorithm, scope: ChecksumScope, text: String) {
        self.algorithm = algorithm
        self.scope = scope
        self.text = text
    }
}
