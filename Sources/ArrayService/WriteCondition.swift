import ArrayStorage
import NIOHTTP1
import StorageModel

/// What a change of an array or a version is to depend on, as far as the server can hold it to that.
///
/// There are two conditions, which the committer decides with the change itself: that what is created is not there,
/// and that what is changed is in a state that the client knows. The server refuses all others rather than
/// pass over them: whoever sends one relies on it.
///
/// Source: RFC 9110, section 13.1. `If-Modified-Since` and `If-Range` are ignored here, as it demands.
enum WriteCondition: Hashable, Sendable {
    case none
    /// Nothing of the name may be there.
    case absent
    /// The metadata must be in one of these states.
    case states([MetadataState])

    /// Reads the condition of a request.
    ///
    /// - Throws: ``ArrayServiceError/conditionUnsupported(header:)``.
    init(_ request: ArrayWriteRequest, _ headers: HTTPHeaders) throws(ArrayServiceError) {
        var condition = WriteCondition.none
        for header in ["If-Match", "If-None-Match", "If-Unmodified-Since"] {
            let values = headers[canonicalForm: header]
            guard !values.isEmpty else { continue }
            switch (request, header) {
            case (.create, "If-None-Match") where values == ["*"]: condition = .absent
            case (.update, "If-Match"):
                guard let tags = Self.entityTags(values) else { continue }
                condition = .states(tags.compactMap(MetadataState.init))
            default: throw .conditionUnsupported(header: header)
            }
        }
        self = condition
    }

    /// The content hashes, one of which a version must have that is to be rolled back; nil for any.
    ///
    /// - Throws: ``ArrayServiceError/conditionUnsupported(header:)``.
    static func contentHashes(
        _ headers: HTTPHeaders
    ) throws(ArrayServiceError) -> [ContentHash]? {
        for header in ["If-None-Match", "If-Unmodified-Since"] where headers.contains(name: header)
        {
            throw .conditionUnsupported(header: header)
        }
        let values = headers[canonicalForm: "If-Match"]
        guard !values.isEmpty else { return nil }
        return entityTags(values)?.compactMap(ContentHash.init(hexadecimal:))
    }

    /// The entity tags of a header `If-Match`.
    ///
    /// They come without quotation marks; nil stands for `*`, which what is there always
    /// matches. Weak ones are left out: they match nothing.
    ///
    /// Source: RFC 9110, sections 8.8.3.2 and 13.1.1.
    private static func entityTags(_ values: [Substring]) -> [String]? {
        if values.contains("*") { return nil }
        return values.compactMap { value in
            guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return nil }
            return String(value.dropFirst().dropLast())
        }
    }
}
