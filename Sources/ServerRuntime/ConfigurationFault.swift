import ArrayModel

/// What is wrong in the file of `--config`.
public enum ConfigurationFault: Error, Hashable, Sendable {
    /// It is no JSON: at a line and a column, both counted from 1, the latter in characters.
    case syntax(JSONError, line: Int, column: Int)
    /// It has more bytes than a configuration may have.
    case tooLong(bytes: Int)
    /// It is JSON, but no object.
    case noObject
    /// No option has this name; one that is like it may be meant.
    case memberUnknown(String, nearest: String?)
    /// The value of a member is of another kind than the option.
    case valueInvalid(String, ConfigurationValueKind)

    /// Finds the place of a fault in a document.
    init(_ error: JSONError, in bytes: [UInt8]) {
        let offset: Int
        switch error {
        case .tooLong(let count):
            self = .tooLong(bytes: count)
            return
        case .unexpectedEnd: offset = bytes.count
        case .tooDeep(let place), .unexpectedByte(let place), .stringInvalid(let place),
            .numberInvalid(let place), .memberRepeated(let place):
            offset = place
        }
        let before = bytes[..<min(offset, bytes.count)]
        let newline = UInt8(ascii: "\n")
        let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        self = .syntax(
            error,
            line: before.count { $0 == newline } + 1,
            // The bytes of a character after its first begin with the bits 10.
            column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        )
    }

    /// One or two sentences for the person at the terminal.
    func sentence(of path: String) -> String {
        switch self {
        case .syntax(let error, let line, let column):
            "The configuration \(path), line \(line), column \(column): \(Self.words(error))."
        case .tooLong(let bytes): "The configuration \(path) has \(bytes) bytes, which is too many."
        case .noObject:
            "The configuration \(path) is no JSON object, such as {\"listen\": \"127.0.0.1:9000\"}."
        case .memberUnknown(let name, let nearest?):
            "The configuration \(path) names '\(Self.shortened(name))', which is no option. Did you mean "
                + "'\(nearest)'?"
        case .memberUnknown(let name, nil):
            "The configuration \(path) names '\(Self.shortened(name))', which is no option. There are: "
                + ConfigurationFile.members.keys.sorted().joined(separator: ", ") + "."
        case .valueInvalid(let name, let kind):
            "The configuration \(path) has a value for '\(name)' that is not \(kind.words)."
        }
    }

    private static func words(_ error: JSONError) -> String {
        switch error {
        case .tooLong, .unexpectedEnd: "the file ends in the middle of the JSON"
        case .tooDeep: "the JSON is nested too deep"
        case .unexpectedByte: "this is no JSON"
        case .stringInvalid: "a string that is no JSON begins or goes on here"
        case .numberInvalid: "a number that is no JSON begins here"
        case .memberRepeated: "a member is there for the second time"
        }
    }

    /// A name as a line of a terminal takes it.
    private static func shortened(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(60).map { scalar in
            scalar.properties.generalCategory == .control ? "?" : String(Character(scalar))
        }
        return scalars.joined() + (name.unicodeScalars.count > 60 ? "…" : "")
    }
}

/// What the value of a member of the configuration may be.
public enum ConfigurationValueKind: Hashable, Sendable {
    /// A text.
    case text
    /// A number, or its text.
    case number
    /// A text, or a list of them.
    case texts

    /// The kind in words.
    fileprivate var words: String {
        switch self {
        case .text: "a text"
        case .number: "a number"
        case .texts: "a text or a list of texts"
        }
    }
}
