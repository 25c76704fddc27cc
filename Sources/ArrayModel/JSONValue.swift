/// A JSON document, or a part of one.
///
/// Members of an object keep the order in which they were first written; of two members with the
/// same name the last one counts.
///
/// Source: RFC 8259. Beside it the bare tokens `NaN`, `Infinity` and `-Infinity` are numbers,
/// because Python's `json` writes them into Zarr v2 metadata.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// The value of the member `name`, if this is an object that has it.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The members, if this is an object.
    public var members: [JSONMember]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The elements, if this is an array.
    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The text, if this is a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number, if this is one that is whole and fits.
    public var integer: Int? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// A whole number.
    public static func integer(_ value: some BinaryInteger) -> JSONValue {
        .number(JSONNumber(value))
    }

    /// A number in the shortest spelling that reads back as `value`; may be NaN or infinite.
    public static func double(_ value: Double) -> JSONValue {
        .number(JSONNumber(value))
    }

    /// An array of whole numbers.
    public static func integers(_ values: [Int]) -> JSONValue {
        .array(values.map { .integer($0) })
    }

    /// An object of pairs in order.
    public static func members(_ pairs: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(pairs.map { JSONMember(name: $0.key, value: $0.value) })
    }
}

/// One member of a JSON object.
public struct JSONMember: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its value.
    public let value: JSONValue

    /// Makes a member.
    public init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}
