/// A key in a line: the address of one history of objects.
public struct LineKey: Hashable, Sendable {
    /// The line.
    public let line: LineID
    /// The key in the line; empty for the folder marker of a version's root.
    public let key: ObjectKey

    /// Makes an address of its parts.
    public init(line: LineID, key: ObjectKey) {
        self.line = line
        self.key = key
    }
}
