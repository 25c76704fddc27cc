/// The key of an object: 1 to 1024 bytes of UTF-8, compared byte by byte.
///
/// Two keys are equal exactly when their bytes are; Unicode equivalence plays no part.
///
/// Source: Amazon S3 User Guide, "Naming Amazon S3 objects" (at most 1024 bytes of UTF-8). Nave also
/// refuses NUL, empty inner or leading segments, and the segments `.` and `..`, which file-based
/// clients cannot address; a single trailing `/` (a "folder" marker) is allowed.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The longest key that is written, in bytes of UTF-8.
    public static let lengthBytesMax = 1024
    /// The longest key that there can be, in bytes of UTF-8: one whose version got a longer name since.
    public static let storedBytesMax = lengthBytesMax + VersionName.lengthBytesMax + 1

    /// The key's text.
    public let text: String

    /// Parses a key.
    ///
    /// - Throws: ``NameError/keyEmpty``, ``NameError/keyTooLong(lengthBytes:)`` or
    ///   ``NameError/keyNotAddressable``.
    public init(_ text: String) throws(NameError) {
        try self.init(text, lengthBytesMax: Self.lengthBytesMax)
    }

    /// Parses the key of an object that may be there, to read or delete it.
    ///
    /// - Throws: As ``init(_:)``, beyond ``storedBytesMax``.
    public init(stored text: String) throws(NameError) {
        try self.init(text, lengthBytesMax: Self.storedBytesMax)
    }

    private init(_ text: String, lengthBytesMax: Int) throws(NameError) {
        let lengthBytes = text.utf8.count
        guard lengthBytes > 0 else { throw .keyEmpty }
        guard lengthBytes <= lengthBytesMax else {
            throw .keyTooLong(lengthBytes: lengthBytes)
        }
        guard Self.isAddressable(text) else { throw .keyNotAddressable }
        self.text = text
    }

    /// Checks that the key may be written.
    ///
    /// - Throws: ``NameError/keyTooLong(lengthBytes:)``.
    public func checkWritable() throws(NameError) {
        let lengthBytes = text.utf8.count
        guard lengthBytes <= Self.lengthBytesMax else {
            throw .keyTooLong(lengthBytes: lengthBytes)
        }
    }

    /// Trusts text that was parsed before, as the index does with what it stored itself.
    public init(trusted text: String) {
        self.text = text
    }

    /// The text itself.
    public var description: String { text }

    /// Whether both have the same bytes.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.text.utf8.count == right.text.utf8.count else { return false }
        let isSame = left.text.utf8.withContiguousStorageIfAvailable { leftBytes in
            right.text.utf8.withContiguousStorageIfAvailable { rightBytes in
                for index in leftBytes.indices where leftBytes[index] != rightBytes[index] {
                    return false
                }
                return true
            }
        }
        return isSame.flatMap { $0 } ?? left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Whether the left one comes first, compared by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Feeds the bytes to a hasher.
    public func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    private static func isAddressable(_ text: String) -> Bool {
        var text = text
        return text.withUTF8(isAddressable)
    }

    private static func isAddressable(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var segmentLength = 0
        var segmentIsDots = true
        var isFirst = true
        for byte in bytes {
            if byte == 0 { return false }
            if byte == UInt8(ascii: "/") {
                if segmentLength == 0 { return false }
                if segmentIsDots && segmentLength <= 2 { return false }
                segmentLength = 0
                segmentIsDots = true
                isFirst = false
            } else {
                segmentLength += 1
                if byte != UInt8(ascii: ".") { segmentIsDots = false }
            }
        }
        if segmentLength == 0 { return !isFirst }
        return !(segmentIsDots && segmentLength <= 2)
    }
}
