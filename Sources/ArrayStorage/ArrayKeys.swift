import ArrayModel
import StorageModel

/// The keys of an array as its namespace names them.
struct ArrayKeys: Sendable {
    /// What precedes a key of the array's line in the namespace.
    private let linePrefix: String
    private let line: LineID
    private let folder: String

    init(_ node: CatalogNode, in namespace: Namespace) {
        line = node.line
        folder = node.path
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
        ChunkLockTable.Key(line: line, scope: .object, path: keyInLine)
    }

    /// What the writers of the array's chunks lock, each a box of them.
    var chunksLock: ChunkLockTable.Key {
        ChunkLockTable.Key(line: line, scope: .chunks, path: folder)
    }

    /// What those lock who take away what is in the array's folder.
    var folderLock: ChunkLockTable.Key {
        ChunkLockTable.Key(line: line, scope: .folder, path: folder)
    }

    /// What those share who write below the array's folder: it and every folder that it is in.
    var sharedLocks: [ChunkLockTable.Key] {
        let ends = folder.indices.filter { folder[$0] == "/" } + [folder.endIndex]
        return ends.map { end in
            ChunkLockTable.Key(line: line, scope: .folder, path: String(folder[..<end]))
        }
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
