import Glibc

/// The folders that a start makes, and the keys that it puts into folders before it knows whether they
/// can be served; a start that is refused takes all of it away again.
///
/// What is not the start's own is never touched: a folder that holds anything else stays, with all that
/// is in it.
struct NewFolders {
    /// Folders that had no keys.
    private var withoutKeys: [DataFolder] = []
    /// Directories that did not exist, those above before those below.
    private var made: [String] = []

    /// Looks at folders before they are made.
    init(_ folders: DataFolders) {
        for folder in folders.all {
            let missing = Self.missing(folder.path).filter { !made.contains($0) }
            made += missing
            if DataFolder.isAbsent(folder.keysFile) { withoutKeys.append(folder) }
        }
    }

    /// The directories on the way to a path that do not exist, those above first.
    private static func missing(_ path: String) -> [String] {
        var missing: [String] = []
        var rest = path[...]
        while rest.utf8.count > 1, DataFolder.isAbsent(String(rest)) {
            missing.append(String(rest))
            guard let slash = rest.lastIndex(of: "/") else { break }
            rest = rest[..<slash]
        }
        return missing.reversed()
    }

    /// Removes what the start has made, where nothing has become of it.
    func remove() {
        for folder in withoutKeys where !folder.holdsVolume { unlink(folder.keysFile) }
        for directory in made.reversed() {
            // Fails for one that holds anything, which then is another's.
            rmdir(directory)
        }
    }
}
