/// A reference to an array: `namespace/name:tag/member` or `namespace/name@digest/member`.
///
/// - `imagenet` alone means `library/imagenet:latest`;
/// - the name may hold `/`; without a tag everything after the namespace is the name, and the tag
///   is `latest`;
/// - a digest, `sha256:` and 64 hexadecimal digits, names what was committed;
/// - after a tag or a digest a member path names an array or a group inside.
///
/// Source: design of the array API; tags and digests are those of the OCI distribution specification.
public struct ArrayReference: Hashable, Sendable {
    /// The namespace of references that name none.
    public static let defaultNamespace = "library"
    /// The tag of references that name none.
    public static let defaultTag = "latest"

    /// The namespace's name, not checked against S3's rules.
    public let namespace: String
    /// The array's name; segments separated by `/`.
    public let name: String
    /// The tag as it was written, or `nil` if none was.
    public let explicitTag: String?
    /// The digest of a commit, with its algorithm, if one was written in place of a tag.
    public let digest: String?
    /// The path of a member below the version's root, or the empty text.
    public let member: String

    /// The tag, `latest` if none was written; of no use beside a digest.
    public var tag: String { explicitTag ?? Self.defaultTag }

    /// The reference as text, in its shortest form with the namespace.
    public var text: String {
        let tagged = digest.map { "@" + $0 } ?? explicitTag.map { ":" + $0 } ?? ""
        return "\(namespace)/\(name)\(tagged)\(member.isEmpty ? "" : "/" + member)"
    }

    /// Makes a reference of parts that were checked before.
    public init(
        namespace: String,
        name: String,
        explicitTag: String?,
        digest: String? = nil,
        member: String
    ) {
        self.namespace = namespace
        self.name = name
        self.explicitTag = explicitTag
        self.digest = digest
        self.member = member
    }

    /// Parses a reference; percent-encoding must have been removed.
    ///
    /// - Throws: ``ReferenceError``, any case.
    public init(_ text: String) throws(ReferenceError) {
        guard text.utf8.count <= ArrayLimits.referenceTextBytesMax else {
            throw .tooLong(bytes: text.utf8.count)
        }
        let segments = try Self.segments(text)
        guard let first = segments.first else { throw .empty }
        guard segments.count > 1, !first.utf8.contains(UInt8(ascii: ":")) else {
            try self.init(namespace: Self.defaultNamespace, path: segments[...])
            return
        }
        try self.init(namespace: first, path: segments.dropFirst())
    }

    private init(namespace: String, path: ArraySlice<String>) throws(ReferenceError) {
        guard let versioned = path.firstIndex(where: { $0.utf8.contains(UInt8(ascii: ":")) })
        else {
            self.init(
                namespace: namespace,
                name: path.joined(separator: "/"),
                explicitTag: nil,
                member: ""
            )
            return
        }
        let segment = path[versioned]
        let (last, version) = Self.cut(segment, at: UInt8(ascii: ":"))
        let before = path[..<versioned]
        let member = path[(versioned + 1)...].joined(separator: "/")
        guard last.utf8.count > Self.digestMark.utf8.count,
            last.utf8.suffix(Self.digestMark.utf8.count).elementsEqual(Self.digestMark.utf8)
        else {
            guard !last.isEmpty, last != Self.digestMark else { throw .nameInvalid(segment) }
            guard Self.isTag(version) else { throw .tagInvalid(version) }
            self.init(
                namespace: namespace,
                name: (before + [last]).joined(separator: "/"),
                explicitTag: version,
                member: member
            )
            return
        }
        let name = String(decoding: last.utf8.dropLast(Self.digestMark.utf8.count), as: UTF8.self)
        let digest = "\(Self.digestMark.dropFirst()):\(version)"
        guard Self.isHexadecimalSHA256(version) else { throw .digestInvalid(digest) }
        self.init(
            namespace: namespace,
            name: (before + [name]).joined(separator: "/"),
            explicitTag: nil,
            digest: digest,
            member: member
        )
    }

    /// What stands before the `:` of a digest.
    private static let digestMark = "@sha256"

    /// Whether `text` is the SHA-256 of a digest in text.
    ///
    /// Source: OCI image specification 1.1, section "Registered algorithms", `sha256`.
    private static func isHexadecimalSHA256(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }

    /// What is before the first `mark` of a text that has one, and what is after it.
    private static func cut(_ text: String, at mark: UInt8) -> (String, String) {
        let before = text.utf8.prefix { $0 != mark }
        return (
            String(decoding: before, as: UTF8.self),
            String(decoding: text.utf8.dropFirst(before.count + 1), as: UTF8.self)
        )
    }

    /// Whether `text` is a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
    ///
    /// Source: OCI distribution specification 1.1, section "Pulling manifests".
    public static func isTag(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count), let first = text.utf8.first else { return false }
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isWord(first)
            && text.utf8.allSatisfy {
                isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
            }
    }

    private static func segments(_ text: String) throws(ReferenceError) -> [String] {
        guard !text.isEmpty else { throw .empty }
        var result: [String] = []
        for segment in text.utf8.split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        ) {
            let name = String(Substring(segment))
            guard !segment.isEmpty, name != ".", name != "..",
                !segment.contains(where: { $0 < 0x20 || $0 == 0x7F || "%?#|".utf8.contains($0) })
            else { throw .nameInvalid(name) }
            result.append(name)
        }
        return result
    }
}

/// Why a text is not a reference to an array.
public enum ReferenceError: Error, Hashable, Sendable {
    /// No text.
    case empty
    /// Longer than ``ArrayLimits/referenceTextBytesMax``.
    case tooLong(bytes: Int)
    /// A segment that is empty, `.`, `..`, or holds a control character or one of `% ? # |`.
    case nameInvalid(String)
    /// What follows the colon is no tag.
    case tagInvalid(String)
    /// What follows `@` is no digest.
    case digestInvalid(String)
}

extension ReferenceError: CustomStringConvertible {
    /// The error as a sentence.
    public var description: String {
        switch self {
        case .empty: "A reference names an array: namespace/name:tag."
        case .tooLong(let bytes):
            "The reference has \(bytes) bytes; at most \(ArrayLimits.referenceTextBytesMax)"
                + " are allowed."
        case .nameInvalid(let segment):
            "\"\(segment)\" cannot be part of a name: segments are not empty, not . or .., and hold"
                + " none of % ? # | and no control characters."
        case .tagInvalid(let tag):
            "\"\(tag)\" is not a tag: a letter, digit or _, then up to 127 letters, digits, _, . or -."
        case .digestInvalid(let digest):
            "\"\(digest)\" is not a digest: sha256: and 64 digits from 0 to 9 and a to f."
        }
    }
}
