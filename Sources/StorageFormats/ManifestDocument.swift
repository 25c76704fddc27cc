import Checksums
import StorageModel

/// The document whose SHA-256 is the digest of a manifest.
///
/// One JSON object with its members in the order of their names, without white space; a member that does
/// not apply is left out. Normative text: `docs/formats/manifest.md`.
public struct ManifestDocument: Hashable, Sendable {
    /// The version that this program writes.
    public static let formatVersion = 1

    /// The commit before it.
    public let parent: ManifestDigest?
    /// Who committed, if known.
    public let author: PrincipalName?
    /// Why.
    public let message: String
    /// When.
    public let time: WallTime
    /// What the keys add up to.
    public let total: LineTotal

    /// Makes a document of its parts.
    public init(
        parent: ManifestDigest?,
        author: PrincipalName?,
        message: String,
        time: WallTime,
        total: LineTotal
    ) {
        self.parent = parent
        self.author = author
        self.message = message
        self.time = time
        self.total = total
    }

    /// The document of a manifest.
    public init(_ manifest: Manifest) {
        self.init(
            parent: manifest.parent,
            author: manifest.author,
            message: manifest.message,
            time: manifest.time,
            total: manifest.total
        )
    }

    /// The bytes of the document.
    public func encoded() -> [UInt8] {
        var members: [String] = []
        if let author { members.append("\"author\":\(Self.quoted(author.text))") }
        members.append("\"bytes\":\(total.bytes)")
        members.append("\"content\":\"\(total.contentHash.hexadecimal)\"")
        members.append("\"format\":\(Self.formatVersion)")
        members.append("\"keys\":\(total.keys)")
        members.append("\"message\":\(Self.quoted(message))")
        if let parent { members.append("\"parent\":\"\(parent.text)\"") }
        members.append("\"time\":\(time.milliseconds)")
        return Array("{\(members.joined(separator: ","))}".utf8)
    }

    /// The digest that the document has.
    public var digest: ManifestDigest {
        ManifestDigest(sha256Hexadecimal: Hexadecimal.encode(SHA256.digest(of: encoded())))
    }

    /// A text as a JSON string: `"` and `\` with a `\` before them, control characters as the shortest
    /// escape, everything else as it is.
    ///
    /// Source: RFC 8785, section 3.2.2.2.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{08}": result += "\\b"
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\u{0C}": result += "\\f"
            case "\r": result += "\\r"
            case "\u{00}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
