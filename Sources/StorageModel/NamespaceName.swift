/// The name of a namespace, which S3 clients know as a bucket.
///
/// Source: Amazon S3 User Guide, "General purpose bucket naming rules": 3 to 63 characters of
/// lower-case letters, digits, `.` and `-`; begins and ends with a letter or digit; no two adjacent
/// periods; not formatted as an IPv4 address; none of the reserved prefixes and suffixes.
public struct NamespaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as S3 clients write it.
    public let text: String

    /// Names that Nave keeps for itself beside the S3 rules.
    static let reserved: Set<String> = ["api"]
    static let reservedPrefixes = ["xn--", "sthree-", "amzn-s3-demo-"]
    static let reservedSuffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]

    /// Parses a namespace name.
    ///
    /// - Throws: ``NameError/namespaceNameInvalid(_:)``.
    public init(_ text: String) throws(NameError) {
        guard Self.isValid(text) else { throw .namespaceNameInvalid(text) }
        self.text = text
    }

    /// The text itself.
    public var description: String { text }

    /// Whether the left one comes first, compared by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (3...63).contains(bytes.count), !reserved.contains(text) else { return false }
        guard let first = bytes.first, isAlphanumeric(first) else { return false }
        guard let last = bytes.last, isAlphanumeric(last) else { return false }
        let period = UInt8(ascii: ".")
        let hyphen = UInt8(ascii: "-")
        guard bytes.allSatisfy({ isAlphanumeric($0) || $0 == period || $0 == hyphen }) else {
            return false
        }
        guard !zip(bytes, bytes.dropFirst()).contains(where: { $0 == period && $1 == period })
        else { return false }
        guard !reservedPrefixes.contains(where: text.hasPrefix) else { return false }
        guard !reservedSuffixes.contains(where: text.hasSuffix) else { return false }
        return !isFormattedAsIPv4(text)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isFormattedAsIPv4(_ text: String) -> Bool {
        let groups = text.split(separator: ".", omittingEmptySubsequences: false)
        return groups.count == 4
            && groups.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(\.isNumber) }
    }
}
