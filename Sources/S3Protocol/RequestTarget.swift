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
        if let mark = origin.utf8.firstIndex(of: UInt8(ascii: "?")) {
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
        guard path.utf8.first == UInt8(ascii: "/") else { throw .invalidURI(.pathNotAbsolute) }
        // Cut by bytes: a combining mark after a slash would make one character of the two.
        let rest = Substring(path.utf8.dropFirst())
        guard !rest.isEmpty else { return .service }
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let bucket = try Self.bucket(rest[..<slash])
        guard slash != rest.endIndex else { return .bucket(bucket) }
        let rawKey = rest[rest.utf8.index(after: slash)...]
        guard !rawKey.isEmpty else { return .bucket(bucket) }
        guard let key = PercentCoding.decode(rawKey, plusSign: .literal) else {
            throw .invalidURI(.pathEncoding)
        }
        return .object(bucket, try ObjectKey(s3Key: key))
    }

    private static func bucket(_ raw: Substring) throws(S3Error) -> NamespaceName {
        guard let text = PercentCoding.decode(raw, plusSign: .literal) else {
            throw .invalidURI(.pathEncoding)
        }
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
    /// Parses a key that a client sent.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` or ``S3Error/keyTooLong(sizeBytes:)``.
    public init(s3Key text: String) throws(S3Error) {
        do {
            try self.init(text)
        } catch {
            throw S3Error(error)
        }
    }
}
