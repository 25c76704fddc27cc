import MetadataIndex
import SQLiteDatabase
import StorageModel

// What ArrayStorage asks: synchronous questions of the index, some microseconds each, or per row.

extension ObjectStore {
    /// Nodes of a namespace in the order of their places.
    ///
    /// - Parameters:
    ///   - namespace: The namespace.
    ///   - namePrefix: What the names begin with; may be empty.
    ///   - scope: Which nodes.
    ///   - place: The last place of the page before, if any.
    ///   - limit: The most nodes to give.
    /// - Returns: The page; it is the last if it has fewer than `limit` nodes.
    /// - Throws: ``StoreError/indexFailed``.
    public func nodes(
        in namespace: Namespace,
        namePrefix: String = "",
        scope: NodeScope = .all,
        after place: ArrayPlace? = nil,
        limit: Int
    ) throws(StoreError) -> [CatalogNode] {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.nodes(
                namespace: line,
                namePrefix: namePrefix,
                scope: scope,
                after: place,
                limit: limit
            )
        }
    }

    /// Finds a node by its place.
    ///
    /// A version with a line of its own comes first, then, for the tag `latest`, the plain path
    /// `name/member`, then the plain path `name/tag` as the original Hub client lays arrays out.
    public func node(
        _ place: ArrayPlace,
        in namespace: Namespace
    ) throws(StoreError) -> CatalogNode? {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in try reader.node(place, namespace: line) }
    }

    /// Finds the node at a path of a line: of a version, a draft or a commit.
    ///
    /// - Parameters:
    ///   - path: The path of its folder in the line; empty for the root.
    ///   - line: The line.
    /// - Returns: Nil if no array or group is there.
    /// - Throws: ``StoreError/indexFailed``.
    public func node(path: String, line: LineID) throws(StoreError) -> CatalogNode? {
        try ask { reader throws(SQLiteError) in try reader.node(path: path, line: line) }
    }

    /// The nodes of a line in the order of their paths: of a version, a draft or a commit.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - path: The last path of the page before, if any.
    ///   - limit: The most nodes to give.
    /// - Returns: The page; it is the last if it has fewer than `limit` nodes.
    /// - Throws: ``StoreError/indexFailed``.
    public func nodes(
        line: LineID,
        after path: String? = nil,
        limit: Int
    ) throws(StoreError) -> [CatalogNode] {
        try ask { reader throws(SQLiteError) in
            try reader.nodes(line: line, after: path, limit: limit)
        }
    }

    /// The versions of a name that have lines of their own, by tag.
    public func versions(
        of name: String,
        in namespace: Namespace
    ) throws(StoreError) -> [ArrayVersion] {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            try reader.versions(of: name, namespace: line)
        }
    }

    /// Finds an object in a line by its key there.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.gone`, ``StoreError/indexFailed``.
    public func lookUp(_ key: String, line: LineID) throws(StoreError) -> ObjectEntry? {
        try lookUp([key], line: line).first ?? nil
    }

    /// Finds many objects of a line in one state; the result has one element per key, in order.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.gone`, ``StoreError/indexFailed``.
    public func lookUp(_ keys: [String], line: LineID) throws(StoreError) -> [ObjectEntry?] {
        try readable(line) { reader, line throws(SQLiteError) in
            try reader.entries(keys, line: line)
        }
    }

    /// Lists keys of a line in the order of their bytes: those that begin with `prefix`, after
    /// `marker`.
    ///
    /// - Throws: ``StoreError/version(_:)`` with `.gone`, ``StoreError/indexFailed``.
    public func list(
        prefix: String,
        line: LineID,
        after marker: String? = nil,
        limit: Int
    ) throws(StoreError) -> [ListedObject] {
        try readable(line) { reader, line throws(SQLiteError) in
            try reader.list(prefix: prefix, line: line, after: marker, limit: limit)
        }
    }

    /// Asks about a line that must be there in the same state of the index.
    ///
    /// Of one that went meanwhile some rows are gone, and what was not stored could not be told from them.
    /// Where a draft's line took its place, that is asked.
    private func readable<Value: Sendable>(
        _ line: LineID,
        _ question: @Sendable (IndexReader, LineID) throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        let answer = try ask { reader throws(SQLiteError) in
            try reader.snapshot { () throws(SQLiteError) -> Value? in
                guard let line = try reader.readableLine(line) else { return nil }
                return try question(reader, line)
            }
        }
        guard let answer else { throw .version(.gone(line)) }
        return answer
    }
}
