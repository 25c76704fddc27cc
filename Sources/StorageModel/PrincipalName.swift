/// The name of a principal: somebody who holds keys and may own namespaces.
public struct PrincipalName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The principal that every server has; it may use every namespace.
    public static let root = PrincipalName(trusted: "root")

    /// The name's text, `[A-Za-z0-9_.-]{1,64}`, but not `.` or `..`, which URLs cannot hold.
    public let text: String

    /// Parses a principal's name.
    ///
    /// - Throws: ``NameError/principalNameInvalid(_:)``.
    public init(_ text: String) throws(NameError) {
        let isValid =
            (1...64).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        guard isValid else { throw .principalNameInvalid(text) }
        self.text = text
    }

    /// Trusts text that was parsed before.
    public init(trusted text: String) {
        self.text = text
    }

    /// The text itself.
    public var description: String { text }

    /// Whether the left one comes first, compared by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
