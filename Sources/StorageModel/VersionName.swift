/// What a version is called in its namespace: `name:tag`.
///
/// The tag is one as in OCI registries. The name is what an object key can hold before a `:`: it may have
/// `/`, and its segments are not empty, not `.` or `..`, and hold none of `% ? # | :`.
///
/// Source: OCI Distribution Specification, "Pulling manifests", the grammar of `<reference>`.
public struct VersionName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The longest tag, in bytes.
    public static let tagBytesMax = 128
    /// The longest name and tag together, in bytes, so that keys of the version have room.
    public static let lengthBytesMax = 768

    /// The name; may hold `/`.
    public let name: String
    /// The tag.
    public let tag: String

    /// Parses a name and a tag.
    ///
    /// - Throws: ``NameError/versionNameInvalid(_:)``.
    public init(name: String, tag: String) throws(NameError) {
        let text = "\(name):\(tag)"
        guard text.utf8.count <= Self.lengthBytesMax, Self.isTag(tag.utf8), !name.isEmpty,
            name.utf8.last != UInt8(ascii: "/"),
            !name.utf8.contains(where: Self.isForbiddenInNames),
            (try? ObjectKey(name)) != nil
        else { throw .versionNameInvalid(text) }
        self.name = name
        self.tag = tag
    }

    /// Trusts texts that were parsed before, as the index does with what it stored itself.
    public init(trustedName name: String, tag: String) {
        self.name = name
        self.tag = tag
    }

    /// What the version's keys begin with in its namespace: `name:tag/`.
    public var keyPrefix: String { "\(name):\(tag)/" }

    /// The name and the tag: `name:tag`.
    public var description: String { "\(name):\(tag)" }

    /// Whether both have the same bytes.
    public static func == (left: Self, right: Self) -> Bool {
        left.name.utf8.elementsEqual(right.name.utf8) && left.tag.utf8.elementsEqual(right.tag.utf8)
    }

    /// Whether the left one comes first, compared by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.name.utf8.elementsEqual(right.name.utf8)
            ? left.tag.utf8.lexicographicallyPrecedes(right.tag.utf8)
            : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    /// Feeds the bytes to a hasher.
    public func hash(into hasher: inout Hasher) {
        var text = keyPrefix
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Whether some bytes are a tag, `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
    public static func isTag(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= tagBytesMax, isWord(first) else {
            return false
        }
        return bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// Whether a tag is one that drafts get: it ends in `.draft-` and eight hexadecimal digits.
    public static func isDraftTag(_ tag: some BidirectionalCollection<UInt8>) -> Bool {
        let digits = tag.suffix(8)
        return digits.count == 8
            && digits.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            } && tag.dropLast(8).suffix(7).elementsEqual(".draft-".utf8)
    }

    /// Whether a key, or what keys begin with, lies in a draft, by the tag of its first segment with a `:`.
    public static func isInDraft(_ key: String) -> Bool {
        guard let colon = key.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        return isDraftTag(key.utf8[colon...].dropFirst().prefix { $0 != UInt8(ascii: "/") })
    }

    /// Whether a byte cannot be part of a name.
    private static func isForbiddenInNames(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "|"),
            UInt8(ascii: ":"), 0..<0x20, 0x7F:
            true
        default: false
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
