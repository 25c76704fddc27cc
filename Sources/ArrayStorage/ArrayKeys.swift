import ArrayModel
import StorageModel

/// The keys of an array as its namespace names them.
struct ArrayKeys: Sendable {
    /// What precedes a key of the array's line in the namespace.
    private let linePrefix: String
    private let line: LineID

    init(_ node: CatalogNode, in namespace: Namespace) {
        line = node.line
        linePrefix =
            node.line == namespace.line ? "" : "\(node.place.name):\(node.place.tag)/"
    }

    /// The namespace's name of a key of the array's line.
    ///
    /// - Throws: ``ArrayWriteError/keyInvalid(_:)``.
    func key(_ keyInLine: String) throws(ArrayWriteError) -> ObjectKey {
        try Self.key(parsing: linePrefix + keyInLine)
    }

    /// What the writers of a key lock.
    func lock(_ keyInLine: String) -> ChunkLockTable.Key {
        ChunkLockTable.Key(line: line, key: keyInLine)
    }

    /// A key of a namespace.
    ///
    /// - Throws: ``ArrayWriteError/keyInvalid(_:)``.
    static func key(parsing text: String) throws(ArrayWriteError) -> ObjectKey {
        do {
            return try ObjectKey(text)
        } catch {
            throw .keyInvalid(String(text.prefix(256)))
        }
    }
}
