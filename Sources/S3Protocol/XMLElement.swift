/// An element of a parsed document: its local name, its text and its child elements.
public struct XMLElement: Hashable, Sendable {
    /// The name without a namespace prefix.
    public var name: String
    /// The text directly inside it, references resolved.
    public var text: String
    /// Its child elements, in order.
    public var children: [XMLElement]

    /// Makes an element of its parts.
    public init(name: String, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// The first child with a name.
    public func child(_ name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// The text of the first child with a name, without surrounding white space.
    public func text(of name: String) -> String? {
        child(name)?.trimmedText
    }

    /// The text without surrounding white space.
    public var trimmedText: String {
        guard let first = text.utf8.first, let last = text.utf8.last,
            XMLReader.isSpace(first) || XMLReader.isSpace(last)
        else { return text }
        var slice = Substring(text).utf8
        while let byte = slice.first, XMLReader.isSpace(byte) { slice = slice.dropFirst() }
        while let byte = slice.last, XMLReader.isSpace(byte) { slice = slice.dropLast() }
        return String(Substring(slice))
    }
}
