/// How a document is laid out.
public enum JSONLayout: Hashable, Sendable {
    /// One line without white space.
    case compact
    /// One member or element per line, indented by two spaces; an array of numbers, names or nulls
    /// stays on one line. Ends with a line feed.
    case readable
}

/// How numbers are spelled for which JSON has no word.
public enum JSONNonFiniteSpelling: Hashable, Sendable {
    /// As the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, which every reader takes.
    case quoted
    /// As the bare tokens that Python's `json` reads and writes: a number stays one.
    case bare
}

extension JSONValue {
    /// Spells the document in UTF-8.
    ///
    /// The same value always gives the same bytes. Finite numbers keep their spelling.
    ///
    /// - Parameters:
    ///   - layout: How it is laid out.
    ///   - nonFinite: How NaN and the infinities are spelled.
    /// - Returns: The document.
    public func serialized(
        _ layout: JSONLayout = .compact,
        nonFinite: JSONNonFiniteSpelling = .quoted
    ) -> [UInt8] {
        var writer = JSONWriter(layout: layout, nonFinite: nonFinite)
        writer.write(self, depth: 0)
        if layout == .readable { writer.bytes.append(0x0A) }
        return writer.bytes
    }
}

private struct JSONWriter {
    let layout: JSONLayout
    let nonFinite: JSONNonFiniteSpelling
    var bytes: [UInt8] = []

    init(layout: JSONLayout, nonFinite: JSONNonFiniteSpelling) {
        self.layout = layout
        self.nonFinite = nonFinite
    }

    mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .number(let number):
            let isBare = number.isFinite || nonFinite == .bare
            if isBare { append(number.text) } else { write(number.text) }
        case .string(let text): write(text)
        case .array(let elements): write(elements, depth: depth)
        case .object(let members): write(members, depth: depth)
        }
    }

    private mutating func write(_ elements: [JSONValue], depth: Int) {
        let isOnOneLine = layout == .compact || elements.allSatisfy(\.isScalar)
        append("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { append(isOnOneLine && layout == .readable ? ", " : ",") }
            if !isOnOneLine { breakLine(depth: depth + 1) }
            write(element, depth: depth + 1)
        }
        if !isOnOneLine, !elements.isEmpty { breakLine(depth: depth) }
        append("]")
    }

    private mutating func write(_ members: [JSONMember], depth: Int) {
        append("{")
        for (index, member) in members.enumerated() {
            if index > 0 { append(",") }
            if layout == .readable { breakLine(depth: depth + 1) }
            write(member.name)
            append(layout == .readable ? ": " : ":")
            write(member.value, depth: depth + 1)
        }
        if layout == .readable, !members.isEmpty { breakLine(depth: depth) }
        append("}")
    }

    private mutating func write(_ text: String) {
        append("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0A: append("\\n")
            case 0x0C: append("\\f")
            case 0x0D: append("\\r")
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            default: bytes.append(byte)
            }
        }
        append("\"")
    }

    private mutating func breakLine(depth: Int) {
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: depth * 2))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}

extension JSONValue {
    fileprivate var isScalar: Bool {
        switch self {
        case .null, .bool, .number, .string: true
        case .array, .object: false
        }
    }
}
