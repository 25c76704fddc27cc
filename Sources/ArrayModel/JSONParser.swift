/// What is done with an object that has two members of one name.
public enum JSONRepetition: Hashable, Sendable {
    /// The last one counts, as most readers have it: for documents that are stored.
    case lastCounts
    /// The document is refused: for requests, whose sender meant one of them.
    case refused
}

extension JSONValue {
    /// Parses a whole document.
    ///
    /// Work and memory are linear in the document's length.
    ///
    /// - Parameters:
    ///   - bytes: The document in UTF-8, at most ``ArrayLimits/metadataBytesMax`` long; a
    ///     byte-order mark is not accepted.
    ///   - repetition: What is done with members that are there twice.
    /// - Throws: ``JSONError``, any case.
    public init(
        parsing bytes: [UInt8],
        repetition: JSONRepetition = .lastCounts
    ) throws(JSONError) {
        guard bytes.count <= ArrayLimits.metadataBytesMax else {
            throw .tooLong(bytes: bytes.count)
        }
        var parser = JSONParser(bytes: bytes, repetition: repetition)
        self = try parser.document()
    }
}

/// A recursive-descent parser over a byte array; `position` is always within it or at its end.
struct JSONParser {
    private let bytes: [UInt8]
    private let repetition: JSONRepetition
    private var position = 0

    init(bytes: [UInt8], repetition: JSONRepetition = .lastCounts) {
        self.bytes = bytes
        self.repetition = repetition
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw .unexpectedByte(offset: position) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < ArrayLimits.jsonDepthMax else { throw .tooDeep(offset: position) }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try token("true", .bool(true))
        case UInt8(ascii: "f"): return try token("false", .bool(false))
        case UInt8(ascii: "n"): return try token("null", .null)
        case UInt8(ascii: "N"): return try token("NaN", .number(JSONNumber(trusted: "NaN")))
        case UInt8(ascii: "I"): return try infinity()
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw .unexpectedByte(offset: position)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [JSONMember] = []
        var indexOfName: [[UInt8]: Int] = [:]
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: position) }
            let start = position
            let name = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw .unexpectedByte(offset: position) }
            position += 1
            let member = JSONMember(name: name, value: try value(depth: depth + 1))
            let nameBytes = Array(name.utf8)
            if let index = indexOfName[nameBytes] {
                guard repetition == .lastCounts else { throw .memberRepeated(offset: start) }
                members[index] = member
            } else {
                indexOfName[nameBytes] = members.count
                members.append(member)
            }
            if try endsList(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth + 1))
            if try endsList(with: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    /// Takes the comma before another entry or the bracket that ends the list.
    private mutating func endsList(with bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == bracket || byte == UInt8(ascii: ",") else {
            throw .unexpectedByte(offset: position)
        }
        position += 1
        return byte == bracket
    }

    private mutating func token(
        _ text: StaticString,
        _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard try peek() == text.utf8Start[index] else {
                throw .unexpectedByte(offset: position)
            }
            position += 1
        }
        return value
    }

    private mutating func infinity() throws(JSONError) -> JSONValue {
        let isNegative = position > 0 && bytes[position - 1] == UInt8(ascii: "-")
        let text = isNegative ? "-Infinity" : "Infinity"
        return try token("Infinity", .number(JSONNumber(trusted: text)))
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") {
            position += 1
            if try peek() == UInt8(ascii: "I") { return try infinity() }
        }
        let firstDigit = try peek()
        try digits(from: start)
        if firstDigit == 0x30, position - start > (bytes[start] == UInt8(ascii: "-") ? 2 : 1) {
            throw .numberInvalid(offset: start)
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits(from: start)
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits(from: start)
        }
        return .number(
            JSONNumber(trusted: String(decoding: bytes[start..<position], as: UTF8.self))
        )
    }

    private mutating func digits(from start: Int) throws(JSONError) {
        let first = position
        while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
        guard position > first else {
            if position == bytes.count { throw .unexpectedEnd }
            throw .numberInvalid(offset: start)
        }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw .stringInvalid(offset: start)
                }
                return string
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw .stringInvalid(offset: position - 1)
            default:
                text.append(byte)
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = position - 1
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try unicodeScalar(escapeStart: start)
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw .stringInvalid(offset: start)
        }
    }

    private mutating func unicodeScalar(escapeStart: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try hexUnit(escapeStart: escapeStart)
        guard (0xD800...0xDBFF).contains(unit) else {
            guard let scalar = Unicode.Scalar(unit) else {
                throw .stringInvalid(offset: escapeStart)
            }
            return scalar
        }
        guard try peek() == UInt8(ascii: "\\") else { throw .stringInvalid(offset: escapeStart) }
        position += 1
        guard try peek() == UInt8(ascii: "u") else { throw .stringInvalid(offset: escapeStart) }
        position += 1
        let low = try hexUnit(escapeStart: escapeStart)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        else { throw .stringInvalid(offset: escapeStart) }
        return scalar
    }

    private mutating func hexUnit(escapeStart: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .stringInvalid(offset: escapeStart)
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw .unexpectedEnd }
        return bytes[position]
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }
}
