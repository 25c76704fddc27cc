/// The name of a namespace, which S3 clients know as a bucket.
///
/// Source: Amazon S3 User Guide, "General purpose bucket naming rules": 3 to 63 characters of
/// lower-case letters, digits, `.` and `-`; begins and ends with a letter or digit; no two adjacent
/// periods; not formatted as an IPv4 address; none of the reserved prefixes and suffixes.
public struct NamespaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as S3 clients write it.
    public let text: String

    /// Names that Nave keeps for itself beside the S3 rules.
    private static let reserved: [StaticString] = ["api"]
    private static let reservedPrefixes: [StaticString] = ["xn--", "sthree-", "amzn-s3-demo-"]
    private static let reservedSuffixes: [StaticString] = [
        "-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3",
    ]

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
        var text = text
        return text.withUTF8(isValid)
    }

    /// Every request names a namespace, so this looks at bytes and allocates nothing.
    private static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard (3...63).contains(bytes.count) else { return false }
        guard isAlphanumeric(bytes[0]), isAlphanumeric(bytes[bytes.count - 1]) else {
            return false
        }
        let period = UInt8(ascii: ".")
        var previous = bytes[0]
        for byte in bytes {
            guard isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == period else {
                return false
            }
            guard byte != period || previous != period else { return false }
            previous = byte
        }
        for name in reserved where name.utf8CodeUnitCount == bytes.count {
            if stands(name, in: bytes, at: 0) { return false }
        }
        for prefix in reservedPrefixes where stands(prefix, in: bytes, at: 0) { return false }
        for suffix in reservedSuffixes
        where stands(suffix, in: bytes, at: bytes.count - suffix.utf8CodeUnitCount) {
            return false
        }
        return !isFormattedAsIPv4(bytes)
    }

    /// Whether a text stands at a place, which may be outside.
    private static func stands(
        _ text: StaticString,
        in bytes: UnsafeBufferPointer<UInt8>,
        at start: Int
    ) -> Bool {
        guard start >= 0, bytes.count - start >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount
        where bytes[start + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Whether the bytes are four runs of one to three digits with periods between.
    private static func isFormattedAsIPv4(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var groups = 1
        var digits = 0
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                guard digits > 0 else { return false }
                groups += 1
                digits = 0
            } else {
                digits += 1
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits <= 3 else {
                    return false
                }
            }
        }
        return groups == 4 && digits > 0
    }
}
