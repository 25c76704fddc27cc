import Checksums
import StorageModel

/// What a client says about the checksum of the body it sends.
///
/// Source: Amazon S3 User Guide, "Checking object integrity"; Amazon S3 API Reference, PutObject.
public enum ChecksumExpectation: Hashable, Sendable {
    /// Nothing; the server keeps a CRC-64/NVME, as S3 does.
    case unstated
    /// The algorithm only; the server computes and returns the digest.
    case algorithm(ChecksumAlgorithm)
    /// The digest in base64, in a header.
    case header(ChecksumAlgorithm, text: String)
    /// The digest follows in the trailer of an aws-chunked body.
    case trailer(ChecksumAlgorithm)

    /// The algorithm that was named, if any.
    public var algorithm: ChecksumAlgorithm? {
        switch self {
        case .unstated: nil
        case .algorithm(let algorithm), .header(let algorithm, _), .trailer(let algorithm):
            algorithm
        }
    }

    /// What begins the name of every checksum header.
    static let headerPrefix = "x-amz-checksum-"

    /// Takes the expectation from the headers of a write.
    ///
    /// - Throws: ``S3Error/invalidRequest(_:)`` when there are several, or one that cannot be read.
    public init(headers: HeaderList) throws(S3Error) {
        let stated = try Self.statedDigests(headers)
        guard stated.count <= 1 else { throw .invalidRequest(.severalChecksums) }
        let trailing = try Self.trailer(headers)
        let named = try Self.named(headers)
        if let (algorithm, text) = stated.first {
            guard trailing == nil else { throw .invalidRequest(.severalChecksums) }
            try Self.require(named, toBe: algorithm)
            self = .header(algorithm, text: text)
        } else if let trailing {
            try Self.require(named, toBe: trailing)
            self = .trailer(trailing)
        } else if let named {
            self = .algorithm(named)
        } else {
            self = .unstated
        }
    }

    /// The digests in headers or trailers, checked for form.
    ///
    /// - Throws: ``S3Error/invalidRequest(_:)``.
    static func statedDigests(
        _ headers: HeaderList
    ) throws(S3Error) -> [(algorithm: ChecksumAlgorithm, text: String)] {
        var found: [(algorithm: ChecksumAlgorithm, text: String)] = []
        for field in headers.fields(withPrefix: headerPrefix) {
            switch field.suffix {
            case "algorithm", "type", "mode": continue
            default: break
            }
            guard let algorithm = ChecksumAlgorithm(name: field.suffix) else {
                throw .invalidRequest(.checksumAlgorithmUnsupported(field.suffix))
            }
            guard algorithm.isDigest(field.value) else {
                throw .invalidRequest(.checksumHeaderInvalid(headerPrefix + field.suffix))
            }
            found.append((algorithm, field.value))
        }
        return found
    }

    private static func trailer(_ headers: HeaderList) throws(S3Error) -> ChecksumAlgorithm? {
        guard let text = headers["x-amz-trailer"] else { return nil }
        let name = text.lowercased()
        guard name.hasPrefix(headerPrefix),
            let algorithm = ChecksumAlgorithm(name: String(name.dropFirst(headerPrefix.count)))
        else { throw .invalidRequest(.trailerUnsupported(text)) }
        return algorithm
    }

    private static func named(_ headers: HeaderList) throws(S3Error) -> ChecksumAlgorithm? {
        guard let text = headers["x-amz-sdk-checksum-algorithm"] else { return nil }
        guard let algorithm = ChecksumAlgorithm(name: text) else {
            throw .invalidRequest(.checksumAlgorithmUnsupported(text))
        }
        return algorithm
    }

    private static func require(
        _ named: ChecksumAlgorithm?,
        toBe algorithm: ChecksumAlgorithm
    ) throws(S3Error) {
        guard named == nil || named == algorithm else {
            throw .invalidRequest(.checksumHeaderInvalid("x-amz-sdk-checksum-algorithm"))
        }
    }
}

extension ChecksumAlgorithm {
    /// The name of the header that carries a digest of this algorithm.
    public var headerName: String {
        switch self {
        case .crc32: "x-amz-checksum-crc32"
        case .crc32c: "x-amz-checksum-crc32c"
        case .crc64nvme: "x-amz-checksum-crc64nvme"
        case .sha1: "x-amz-checksum-sha1"
        case .sha256: "x-amz-checksum-sha256"
        }
    }

    /// The name of the element that carries a digest of this algorithm in documents.
    var elementName: StaticString {
        switch self {
        case .crc32: "ChecksumCRC32"
        case .crc32c: "ChecksumCRC32C"
        case .crc64nvme: "ChecksumCRC64NVME"
        case .sha1: "ChecksumSHA1"
        case .sha256: "ChecksumSHA256"
        }
    }

    /// A computation of this algorithm's digest that has seen no byte.
    public func makeStreaming() -> StreamingChecksum {
        switch self {
        case .crc32: .crc32(CRC32())
        case .crc32c: .crc32c(CRC32C())
        case .crc64nvme: .crc64nvme(CRC64NVME())
        case .sha1: .sha1(SHA1())
        case .sha256: .sha256(SHA256())
        }
    }

    /// Whether a text is base64 of a digest of the right length.
    public func isDigest(_ text: String) -> Bool {
        Base64.decode(text)?.count == digestBytes
    }
}

/// The `Content-MD5` header.
public enum ContentMD5 {
    /// The digest that a client stated; nil when it stated none.
    ///
    /// - Throws: ``S3Error/invalidDigest`` when it is not 16 bytes in base64.
    public static func digest(in headers: HeaderList) throws(S3Error) -> [UInt8]? {
        guard headers.fields.contains(where: { HeaderList.matches($0.name, "content-md5") })
        else { return nil }
        guard let text = headers["content-md5"], let digest = Base64.decode(text),
            digest.count == MD5.digestBytes
        else { throw .invalidDigest }
        return digest
    }
}
