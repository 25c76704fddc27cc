/// The header fields of a request, looked up without regard to case.
///
/// A list keeps the fields in the order they came; a request has a dozen or two, so a scan beats a
/// dictionary.
public struct HeaderList: Sendable {
    /// The fields in order, names as the client wrote them.
    public private(set) var fields: [(name: String, value: String)]

    /// Makes a list of fields.
    public init(_ fields: [(name: String, value: String)]) {
        self.fields = fields
    }

    /// The value of the first field with a name, which must be given in lower case; nil when the
    /// field is missing or has no text.
    public subscript(_ lowerCaseName: String) -> String? {
        for field in fields where Self.matches(field.name, lowerCaseName) {
            let value = Self.trimmed(field.value)
            return value.isEmpty ? nil : value
        }
        return nil
    }

    /// Whether a field with a name, which must be given in lower case, is there, empty or not.
    public func has(_ lowerCaseName: String) -> Bool {
        fields.contains { Self.matches($0.name, lowerCaseName) }
    }

    /// Adds a field at the end.
    public mutating func append(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// The fields whose lower-case name begins with a prefix, as the rest of the name in lower case
    /// and the value.
    public func fields(withPrefix prefix: String) -> [HeaderSuffix] {
        var found: [HeaderSuffix] = []
        for field in fields where Self.begins(field.name, prefix) {
            let rest = field.name.utf8.dropFirst(prefix.utf8.count)
            found.append(
                HeaderSuffix(
                    suffix: String(Substring(rest)).lowercased(),
                    value: Self.trimmed(field.value)
                )
            )
        }
        return found
    }

    /// Whether any field's lower-case name begins with a prefix.
    public func hasField(withPrefix prefix: String) -> Bool {
        fields.contains { Self.begins($0.name, prefix) }
    }

    /// Whether a field name equals a lower-case name, without regard to ASCII case.
    static func matches(_ name: String, _ lowerCaseName: String) -> Bool {
        name.utf8.count == lowerCaseName.utf8.count && begins(name, lowerCaseName)
    }

    /// Whether text may be the name of a field.
    ///
    /// Source: RFC 9110, section 5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether text may be the value of a field: no control bytes.
    ///
    /// Source: RFC 9110, section 5.5.
    static func isFieldText(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func begins(_ name: String, _ lowerCasePrefix: String) -> Bool {
        var bytes = name.utf8.makeIterator()
        for wanted in lowerCasePrefix.utf8 {
            guard let byte = bytes.next(), lowerCase(byte) == wanted else { return false }
        }
        return true
    }

    private static func lowerCase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// Text without leading and trailing spaces and tabs.
    static func trimmed(_ text: String) -> String {
        guard let first = text.utf8.first, let last = text.utf8.last else { return text }
        guard isBlank(first) || isBlank(last) else { return text }
        var slice = Substring(text).utf8
        while let byte = slice.first, isBlank(byte) { slice = slice.dropFirst() }
        while let byte = slice.last, isBlank(byte) { slice = slice.dropLast() }
        return String(Substring(slice))
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}

/// What follows a known prefix in a field's name, and the field's value.
public struct HeaderSuffix: Hashable, Sendable {
    /// The rest of the name, in lower case.
    public let suffix: String
    /// The value without surrounding white space.
    public let value: String
}
