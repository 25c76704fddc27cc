import StorageModel

/// The target of a request: a raw path and a raw query, untouched.
public struct RequestTarget: Sendable {
    /// The path as the client sent it, percent-encoded; begins with `/`.
    public let path: Substring
    /// The query as the client sent it, without `?`; empty when there is none.
    public let query: Substring

    /// Splits a request target in origin form (`/path?query`) or absolute form
    /// (`http://host/path?query`).
    ///
    /// Source: RFC 9112, sections 3.2.1 and 3.2.2.
    public init(_ target: String) {
        let origin = Self.origin(of: target)
        if let offset = origin.withBytes({ $0.offset(of: "?") }) {
            let mark = origin.utf8.index(origin.startIndex, offsetBy: offset)
            path = origin[..<mark]
            query = origin[origin.utf8.index(after: mark)...]
        } else {
            path = origin
            query = ""
        }
    }

    /// What the path addresses, in path style.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)``, ``S3Error/invalidBucketName(_:)`` or
    ///   ``S3Error/keyTooLong(sizeBytes:)``.
    public func address() throws(S3Error) -> S3Address {
        try path.withBytes { bytes throws(S3Error) in try Self.address(bytes) }
    }

    /// Cuts by bytes: a combining mark after a slash would make one character of the two.
    private static func address(_ path: UnsafeBufferPointer<UInt8>) throws(S3Error) -> S3Address {
        guard path.first == UInt8(ascii: "/") else { throw .invalidURI(.pathNotAbsolute) }
        guard path.count > 1 else { return .service }
        let slash = path.offset(of: "/", from: 1) ?? path.count
        let bucket = try bucket(try decoded(path[1..<slash]))
        guard slash + 1 < path.count else { return .bucket(bucket) }
        return .object(bucket, try ObjectKey(s3Key: try decoded(path[(slash + 1)...])))
    }

    private static func decoded(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>
    ) throws(S3Error) -> String {
        let bytes = UnsafeBufferPointer(rebasing: bytes)
        guard let text = PercentCoding.decode(bytes, plusSign: .literal) else {
            throw .invalidURI(.pathEncoding)
        }
        return text
    }

    private static func bucket(_ text: String) throws(S3Error) -> NamespaceName {
        do {
            return try NamespaceName(text)
        } catch {
            throw S3Error(error)
        }
    }

    private static func origin(of target: String) -> Substring {
        guard target.utf8.first != UInt8(ascii: "/") else { return Substring(target) }
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let authority = Substring(target.utf8.dropFirst(scheme.utf8.count))
            guard let slash = authority.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "/" }
            return authority[slash...]
        }
        return Substring(target)
    }
}

/// What a path addresses.
public enum S3Address: Hashable, Sendable {
    /// The service itself, `/`.
    case service
    /// A bucket.
    case bucket(NamespaceName)
    /// An object in a bucket.
    case object(NamespaceName, ObjectKey)
}

extension ObjectKey {
    /// Parses a key that a client sent, of an object that may be there.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` or ``S3Error/keyTooLong(sizeBytes:)``.
    public init(s3Key text: String) throws(S3Error) {
        do {
            try self.init(stored: text)
        } catch {
            throw S3Error(error)
        }
    }
}
