import StorageModel

/// A folder in a line: the address of a node of the catalog.
///
/// Paths are compared by their bytes.
struct LinePath: Hashable {
    let line: LineID
    /// Without a trailing `/`; empty at the line's root.
    let path: ObjectKey

    init(line: LineID, path: String) {
        self.line = line
        self.path = ObjectKey(trusted: path)
    }

    /// The folder of a line that a fork of one of its prefixes has as `path`.
    init(line: LineID, prefix: String, path: ObjectKey) {
        let joined = prefix + path.text
        let hasSlash = joined.utf8.last == UInt8(ascii: "/")
        self.init(line: line, path: hasSlash ? String(joined.dropLast()) : joined)
    }

    /// What the keys under the folder begin with.
    var keyPrefix: String { path.text.isEmpty ? "" : path.text + "/" }

    /// The folder above; nil at the root.
    var parent: LinePath? {
        path.text.isEmpty ? nil : LinePath(line: line, path: CatalogFile.folder(of: path.text))
    }

    /// Whether `other` is this folder or lies under it.
    func contains(_ other: String) -> Bool {
        let own = path.text.utf8
        guard !own.isEmpty else { return true }
        guard other.utf8.starts(with: own) else { return false }
        return other.utf8.count == own.count
            || other.utf8.dropFirst(own.count).first == UInt8(ascii: "/")
    }
}
