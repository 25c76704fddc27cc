import StorageModel

/// A key that can belong to a version: `name:tag/rest`.
///
/// The first path segment that has a `:` must be `x:tag` with a tag as in OCI registries; the name
/// is all before the `:` and may hold `/`. Whether the version exists is for the index to say; if
/// it does not, the key is a plain one.
///
/// Source: OCI Distribution Specification, "Pulling manifests", the grammar of `<reference>`.
public struct VersionedKey: Hashable, Sendable {
    /// The version's name.
    public let name: String
    /// The version's tag.
    public let tag: String
    /// What follows `name:tag/`; may be empty.
    public let relativeKey: String

    /// Splits a key; nil if it cannot belong to a version.
    public init?(_ key: ObjectKey) {
        let bytes = key.text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let afterColon = bytes.index(after: colon)
        guard let slash = bytes[afterColon...].firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let name = bytes[..<colon]
        guard let last = name.last, last != UInt8(ascii: "/") else { return nil }
        guard !name.contains(where: Self.isForbiddenInNames) else { return nil }
        let tag = bytes[afterColon..<slash]
        guard VersionName.isTag(tag) else { return nil }
        self.name = String(key.text[..<colon])
        self.tag = String(key.text[afterColon..<slash])
        relativeKey = String(key.text[bytes.index(after: slash)...])
    }

    /// What the version's keys begin with: `name:tag/`.
    public var keyPrefix: String { "\(name):\(tag)/" }

    /// Whether the key names a metadata file at the version's root, whose first write opens the
    /// version.
    public var isRootMetadata: Bool {
        !relativeKey.utf8.contains(UInt8(ascii: "/")) && CatalogFile(key: relativeKey) != nil
    }

    private static func isForbiddenInNames(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "%") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
            || byte == UInt8(ascii: "|")
    }
}
