/// An open version of an array: `name:tag` with a line of its own.
public struct ArrayVersion: Hashable, Sendable {
    /// The name; may hold `/`.
    public let name: String
    /// The tag.
    public let tag: String
    /// The line that holds its keys, relative to `name:tag/`.
    public let line: LineID
    /// When it was opened.
    public let opened: WallTime

    /// Makes a version of its parts.
    public init(name: String, tag: String, line: LineID, opened: WallTime) {
        self.name = name
        self.tag = tag
        self.line = line
        self.opened = opened
    }

    /// What the version's keys begin with in its namespace: `name:tag/`.
    public var keyPrefix: String { "\(name):\(tag)/" }
}
