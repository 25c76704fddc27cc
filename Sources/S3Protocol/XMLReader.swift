/// A strict reader for the small documents that clients send.
///
/// It takes elements, attributes (which it checks and drops), text, CDATA, comments, one XML
/// declaration, the five predefined entities and numeric references. A document type, any other
/// entity, or a processing instruction is an error, so nothing can expand or be fetched.
///
/// Invariants: `position` never passes `bytes.count`; at most ``depthMax`` elements are open and
/// at most ``elementsMax`` are made, so memory and time are linear in the input.
///
/// Source: Extensible Markup Language (XML) 1.0 (Fifth Edition), sections 2 to 4.
public struct XMLReader {
    /// The longest document, in bytes.
    ///
    /// 10,000 parts with a checksum each take 1.5 MB.
    public static let documentBytesMax = 2 << 20
    /// The most elements open at once; the deepest S3 document has five.
    public static let depthMax = 16
    /// The most elements in a document: 10,000 parts with nine fields each.
    public static let elementsMax = 120_000

    private let bytes: [UInt8]
    private var position = 0
    private var elements = 0

    /// Parses a document and returns its root element.
    ///
    /// - Throws: ``XMLError``.
    public static func parse(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        guard bytes.count <= documentBytesMax else { throw .tooLong }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notWellFormed }
        var reader = XMLReader(bytes: bytes)
        return try reader.document()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func document() throws(XMLError) -> XMLElement {
        if starts(with: "\u{FEFF}") { skip("\u{FEFF}") }
        if starts(with: "<?xml") { try skip(past: "?>") }
        try skipSpaceAndComments()
        let root = try tree()
        try skipSpaceAndComments()
        guard position == bytes.count else { throw .notWellFormed }
        return root
    }

    /// Reads one element and all inside it, with the open elements on a stack of our own.
    private mutating func tree() throws(XMLError) -> XMLElement {
        var open: [OpenElement] = []
        repeat {
            if starts(with: "</") {
                guard let last = open.popLast() else { throw .notWellFormed }
                let done = try closing(last)
                guard !open.isEmpty else { return done }
                open[open.count - 1].element.children.append(done)
            } else if starts(with: "<!--") {
                try skipComment()
            } else if starts(with: "<![CDATA[") {
                guard !open.isEmpty else { throw .notWellFormed }
                skip("<![CDATA[")
                let start = position
                try skip(past: "]]>")
                open[open.count - 1].text.append(contentsOf: bytes[start..<position - 3])
            } else if current == UInt8(ascii: "<") {
                let (element, isEmpty) = try opening()
                guard isEmpty else {
                    guard open.count < Self.depthMax else { throw .tooComplex }
                    open.append(element)
                    continue
                }
                guard !open.isEmpty else { return element.element }
                open[open.count - 1].element.children.append(element.element)
            } else {
                guard !open.isEmpty else { throw .notWellFormed }
                try readText(into: &open[open.count - 1].text)
            }
        } while position < bytes.count
        throw .notWellFormed
    }

    /// An element whose end tag has not been read.
    private struct OpenElement {
        var qualifiedName: ArraySlice<UInt8>
        var element: XMLElement
        var text: [UInt8] = []
    }

    /// Reads a start tag; the second value tells whether it was an empty-element tag.
    private mutating func opening() throws(XMLError) -> (OpenElement, Bool) {
        elements += 1
        guard elements <= Self.elementsMax else { throw .tooComplex }
        position += 1
        let qualifiedName = try name()
        var attributes: Set<ArraySlice<UInt8>> = []
        while true {
            let hadSpace = skipSpace()
            let element = OpenElement(
                qualifiedName: qualifiedName,
                element: XMLElement(name: Self.localName(of: qualifiedName))
            )
            if starts(with: "/>") {
                skip("/>")
                return (element, true)
            }
            if current == UInt8(ascii: ">") {
                position += 1
                return (element, false)
            }
            guard hadSpace else { throw .notWellFormed }
            guard attributes.insert(try attribute()).inserted else { throw .notWellFormed }
        }
    }

    private mutating func closing(_ open: OpenElement) throws(XMLError) -> XMLElement {
        position += 2
        guard try name() == open.qualifiedName else { throw .notWellFormed }
        skipSpace()
        guard current == UInt8(ascii: ">") else { throw .notWellFormed }
        position += 1
        var element = open.element
        element.text = String(decoding: open.text, as: UTF8.self)
        return element
    }

    /// Reads and checks an attribute; returns its name.
    private mutating func attribute() throws(XMLError) -> ArraySlice<UInt8> {
        let attributeName = try name()
        skipSpace()
        guard current == UInt8(ascii: "=") else { throw .notWellFormed }
        position += 1
        skipSpace()
        guard let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        else { throw .notWellFormed }
        position += 1
        var value: [UInt8] = []
        while let byte = current, byte != quote {
            guard byte != UInt8(ascii: "<") else { throw .notWellFormed }
            try readCharacter(into: &value)
        }
        guard current == quote else { throw .notWellFormed }
        position += 1
        return attributeName
    }

    private mutating func readText(into text: inout [UInt8]) throws(XMLError) {
        while let byte = current, byte != UInt8(ascii: "<") {
            try readCharacter(into: &text)
        }
    }

    /// Reads one byte of text, or one reference.
    private mutating func readCharacter(into text: inout [UInt8]) throws(XMLError) {
        guard let byte = current else { throw .notWellFormed }
        if byte == UInt8(ascii: "&") {
            try readReference(into: &text)
            return
        }
        guard byte >= 0x20 || Self.isSpace(byte) else { throw .notWellFormed }
        text.append(byte)
        position += 1
    }

    private mutating func readReference(into text: inout [UInt8]) throws(XMLError) {
        position += 1
        let start = position
        // The longest reference of use is `#x10FFFF`.
        while let byte = current, byte != UInt8(ascii: ";"), position - start < 12 {
            position += 1
        }
        guard current == UInt8(ascii: ";") else { throw .notWellFormed }
        let reference = String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        switch reference {
        case "amp": text.append(UInt8(ascii: "&"))
        case "lt": text.append(UInt8(ascii: "<"))
        case "gt": text.append(UInt8(ascii: ">"))
        case "quot": text.append(UInt8(ascii: "\""))
        case "apos": text.append(UInt8(ascii: "'"))
        default:
            guard let scalar = Self.scalar(numbered: reference) else { throw .notWellFormed }
            text.append(contentsOf: String(Character(scalar)).utf8)
        }
    }

    private static func scalar(numbered reference: String) -> Unicode.Scalar? {
        guard reference.utf8.first == UInt8(ascii: "#") else { return nil }
        let digits = Substring(reference.utf8.dropFirst())
        let isHexadecimal = digits.utf8.first == UInt8(ascii: "x")
        let number = isHexadecimal ? Substring(digits.utf8.dropFirst()) : digits
        guard number.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt32(number, radix: isHexadecimal ? 16 : 10), value != 0
        else { return nil }
        return Unicode.Scalar(value)
    }
}

extension XMLReader {
    /// Whether a byte is white space in XML.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private func starts(with literal: StaticString) -> Bool {
        literal.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    /// Steps over a literal that ``starts(with:)`` has found.
    private mutating func skip(_ literal: StaticString) {
        position += literal.utf8CodeUnitCount
    }

    /// Steps to just after the next occurrence of a literal.
    private mutating func skip(past literal: StaticString) throws(XMLError) {
        while position < bytes.count {
            if starts(with: literal) {
                skip(literal)
                return
            }
            position += 1
        }
        throw .notWellFormed
    }

    /// Steps over white space; tells whether there was any.
    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while let byte = current, Self.isSpace(byte) { position += 1 }
        return position > start
    }

    private mutating func skipComment() throws(XMLError) {
        skip("<!--")
        try skip(past: "-->")
    }

    private mutating func skipSpaceAndComments() throws(XMLError) {
        skipSpace()
        while starts(with: "<!--") {
            try skipComment()
            skipSpace()
        }
    }

    /// Reads a name, with its namespace prefix if it has one.
    private mutating func name() throws(XMLError) -> ArraySlice<UInt8> {
        let start = position
        while let byte = current, Self.isNameByte(byte) { position += 1 }
        let name = bytes[start..<position]
        guard let first = name.first, !Self.isNameTail(first) else { throw .notWellFormed }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...0xFF:
            true
        default: isNameTail(byte)
        }
    }

    /// Whether a byte may stand in a name but not begin it.
    private static func isNameTail(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func localName(of qualifiedName: ArraySlice<UInt8>) -> String {
        let local = qualifiedName.split(separator: UInt8(ascii: ":")).last ?? qualifiedName
        return String(decoding: local, as: UTF8.self)
    }
}

/// Why a document cannot be read.
public enum XMLError: Error, Hashable, Sendable {
    /// Longer than ``XMLReader/documentBytesMax``.
    case tooLong
    /// Too many or too deeply nested elements.
    case tooComplex
    /// Not XML as ``XMLReader`` takes it.
    case notWellFormed
}
