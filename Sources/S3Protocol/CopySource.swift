import StorageModel

/// The object that a copy reads.
///
/// Source: Amazon S3 API Reference, CopyObject, `x-amz-copy-source`.
public struct CopySource: Hashable, Sendable {
    /// Its bucket.
    public let bucket: NamespaceName
    /// Its key.
    public let key: ObjectKey

    /// Parses `BUCKET/KEY` or `/BUCKET/KEY`, percent-encoded, optionally with `?versionId=null`.
    ///
    /// - Throws: ``S3Error/invalidRequest(_:)`` for other forms, ``S3Error/invalidBucketName(_:)``,
    ///   ``S3Error/invalidURI(_:)``, ``S3Error/keyTooLong(sizeBytes:)``, or
    ///   ``S3Error/noSuchVersion(_:versionID:)`` for a version other than `null`.
    public init(_ text: String) throws(S3Error) {
        let (path, version) = Self.split(text)
        guard let decoded = PercentCoding.decode(path, plusSign: .literal) else {
            throw .invalidRequest(.copySourceInvalid)
        }
        let slash = UInt8(ascii: "/")
        var rest = Substring(decoded).utf8
        if rest.first == slash { rest = rest.dropFirst() }
        guard let end = rest.firstIndex(of: slash) else {
            throw .invalidRequest(.copySourceInvalid)
        }
        let keyText = String(Substring(rest[rest.index(after: end)...]))
        guard !keyText.isEmpty else { throw .invalidRequest(.copySourceInvalid) }
        do {
            bucket = try NamespaceName(String(Substring(rest[..<end])))
        } catch {
            throw S3Error(error)
        }
        key = try ObjectKey(s3Key: keyText)
        if let version, version != "null" { throw .noSuchVersion(key, versionID: version) }
    }

    /// Splits off `?versionId=…`; a `?` that begins anything else belongs to the key, because some
    /// clients do not encode it.
    private static func split(_ text: String) -> (path: Substring, version: String?) {
        guard let mark = text.utf8.lastIndex(of: UInt8(ascii: "?")) else { return (text[...], nil) }
        let name = "versionId="
        let tail = text.utf8[text.utf8.index(after: mark)...]
        guard tail.starts(with: name.utf8) else { return (text[...], nil) }
        return (text[..<mark], String(Substring(tail.dropFirst(name.utf8.count))))
    }
}
