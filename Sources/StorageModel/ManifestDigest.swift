/// The digest of a manifest: `sha256:` and 64 lower-case hexadecimal digits.
///
/// It is the address of a commit: `name@sha256:…` names what was committed, for as long as that is kept.
///
/// Source: OCI Image Specification, "Descriptors", the registered algorithm `sha256`.
public struct ManifestDigest: Hashable, Sendable, Comparable, CustomStringConvertible {
    private static let algorithm = "sha256:"

    /// The digest's text, the algorithm included.
    public let text: String

    /// Parses a digest.
    ///
    /// - Throws: ``NameError/manifestDigestInvalid(_:)``.
    public init(_ text: String) throws(NameError) {
        let digits = text.utf8.dropFirst(Self.algorithm.utf8.count)
        let isHexadecimal = digits.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        guard text.utf8.starts(with: Self.algorithm.utf8), digits.count == 64, isHexadecimal else {
            throw .manifestDigestInvalid(text)
        }
        self.text = text
    }

    /// Trusts text that was parsed before.
    public init(trusted text: String) {
        self.text = text
    }

    /// Makes the digest of the 64 hexadecimal digits of a SHA-256.
    public init(sha256Hexadecimal digits: String) {
        precondition(digits.utf8.count == 64, "a SHA-256 has 64 digits")
        text = Self.algorithm + digits
    }

    /// The text itself.
    public var description: String { text }

    /// Whether the left one comes first, compared by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
